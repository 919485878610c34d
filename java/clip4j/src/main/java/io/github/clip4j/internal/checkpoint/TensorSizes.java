package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** A model's sizes as its tensors' shapes say them, where no configuration does. */
final class TensorSizes {
  private static final int LARGEST = 1 << 20;

  private final Path file;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /**
   * Of these tensors.
   *
   * @param file to name in complaints
   */
  TensorSizes(Path file, Collection<Tensor> tensors) {
    this.file = file;
    tensors.forEach(tensor -> this.tensors.put(tensor.name(), tensor));
  }

  /** How many tensors have a name that begins and ends so. */
  int count(String prefix, String suffix) {
    return (int)
        tensors.keySet().stream()
            .filter(name -> name.startsWith(prefix) && name.endsWith(suffix))
            .count();
  }

  /** One of a tensor's sizes; CORRUPT where there is none such. */
  int size(String name, int axis) {
    Tensor tensor = tensors.get(name);
    long size = tensor == null || tensor.shape().length <= axis ? 0 : tensor.shape()[axis];
    if (size < 1 || size > LARGEST) {
      throw InputFile.corrupt(file, "it has no tensor " + name + " of a size that a model's has");
    }
    return (int) size;
  }
}

package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.PathBytes;
import io.github.clip4j.search.internal.Status;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Gives a native model the tensors that it wants, file by file. */
final class WeightsReader {
  private static final List<String> DTYPES = List.of("F32", "F16", "BF16");

  private final long model;
  private long parameters;

  WeightsReader(long model) {
    this.model = model;
  }

  /** Numbers in the tensors that were read. */
  long parameters() {
    return parameters;
  }

  void read(Map<Path, List<Safetensors.Tensor>> weights) {
    weights.forEach(
        (file, tensors) -> {
          byte[] path = PathBytes.of(file);
          for (Safetensors.Tensor tensor : tensors) {
            read(file, path, tensor);
          }
        });
  }

  /** The scratch memory holds the shape, the name and the path, the latter two null-terminated. */
  private void read(Path file, byte[] path, Safetensors.Tensor tensor) {
    if (tensor.name().indexOf('\0') >= 0) {
      return; // It would end there, and the model wants none such.
    }
    byte[] name = tensor.name().getBytes(StandardCharsets.UTF_8);
    int shapeBytes = tensor.shape().length * Long.BYTES;
    int bytes = shapeBytes + name.length + 1 + path.length + 1;
    try (Scratch scratch = new Scratch(bytes)) {
      ByteBuffer to = scratch.view(0, bytes);
      to.asLongBuffer().put(tensor.shape());
      to.position(shapeBytes).put(name).put((byte) 0).put(path).put((byte) 0);
      long nameAddress = scratch.address() + shapeBytes;
      if (Native.modelWants(model, nameAddress) == 0) {
        return;
      }
      check(
          file,
          Native.modelRead(
              model,
              nameAddress,
              nameAddress + name.length + 1,
              tensor.offset(),
              dtype(file, tensor),
              scratch.address(),
              tensor.shape().length));
    }
    long numbers = 1;
    for (long size : tensor.shape()) {
      numbers *= size;
    }
    parameters += numbers;
  }

  private static int dtype(Path file, Safetensors.Tensor tensor) {
    int dtype = DTYPES.indexOf(tensor.dtype());
    if (dtype < 0) {
      throw new Clip4jException(
          Kind.UNSUPPORTED,
          "%s: tensor %s is %s (supported: %s)"
              .formatted(file, tensor.name(), tensor.dtype(), DTYPES));
    }
    return dtype;
  }

  /**
   * While a model loads, what native code calls a caller's wrong value is a file's wrong content.
   */
  static void check(Path file, int status) {
    if (status != Status.OK) {
      Kind kind = Status.kind(status);
      String error = Native.lastError();
      throw new Clip4jException(
          kind == Kind.INVALID_ARGUMENT ? Kind.CORRUPT : kind,
          error.startsWith(file.toString()) ? error : file + ": " + error);
    }
  }
}

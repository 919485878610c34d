package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One tensor in a weights file.
 *
 * @param dtype as safetensors names it
 * @param offset of its first byte, from the start of the file
 * @param transposed whether the file holds the transpose of this matrix; false: row-major
 */
public record Tensor(String name, String dtype, long[] shape, long offset, boolean transposed) {
  /** The tensors of a file, by the format that its name ends with. */
  static List<Tensor> read(Path file) {
    boolean torch = file.toString().endsWith(".bin") || OpenAi.isArchive(file);
    return torch ? TorchFile.read(file) : Safetensors.read(file);
  }

  /** Same bytes, another name. */
  Tensor named(String other) {
    return new Tensor(other, dtype, shape, offset, transposed);
  }

  /**
   * This tensor, of which parts are wanted.
   *
   * @throws Clip4jException UNSUPPORTED where {@code file} holds the transpose, in which a part's
   *     numbers are not beside each other
   */
  Tensor contiguous(Path file) {
    if (transposed) {
      throw notContiguous(file, name);
    }
    return this;
  }

  static Clip4jException notContiguous(Path file, String name) {
    return InputFile.unsupported(
        file, "tensor " + name + " is not contiguous: save it after contiguous()");
  }

  /**
   * Equal parts of a matrix or vector, from its first row to its last.
   *
   * @param names of the parts; as many as it has
   */
  List<Tensor> split(String... names) {
    long[] part = shape.clone();
    part[0] /= names.length;
    long bytes = bytes() / names.length;
    List<Tensor> parts = new ArrayList<>();
    for (String name : names) {
      parts.add(new Tensor(name, dtype, part, offset + parts.size() * bytes, false));
    }
    return parts;
  }

  /** Whether it can be split into so many parts. */
  boolean splits(int parts) {
    return shape.length > 0 && shape[0] % parts == 0;
  }

  /** Some of a matrix's rows; the tensor itself where it has none such. */
  Tensor rows(int first, int count) {
    if (shape.length != 2 || shape[0] < (long) first + count) {
      return this;
    }
    long from = offset + bytes() / shape[0] * first;
    return new Tensor(name, dtype, new long[] {count, shape[1]}, from, false);
  }

  /** The matrix of which this one, in the same bytes, is the transpose. */
  Tensor transpose() {
    return new Tensor(name, dtype, new long[] {shape[1], shape[0]}, offset, !transposed);
  }

  /** Numbers in it. */
  public long numbers() {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** Bytes of it in the file. */
  public long bytes() {
    return numbers() * bits(dtype) / 8;
  }

  /** Bits of a number; 0 where safetensors has no such dtype. */
  public static int bits(String dtype) {
    return switch (dtype) {
      case "F4" -> 4;
      case "F6_E2M3", "F6_E3M2" -> 6;
      case "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0" -> 8;
      case "I16", "U16", "F16", "BF16" -> 16;
      case "I32", "U32", "F32" -> 32;
      case "C64", "F64", "I64", "U64" -> 64;
      default -> 0;
    };
  }
}

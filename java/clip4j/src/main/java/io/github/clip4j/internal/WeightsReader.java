package io.github.clip4j.internal;

import io.github.clip4j.internal.checkpoint.Tensor;
import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.PathBytes;
import io.github.clip4j.search.internal.Status;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Gives a native model the tensors that it wants, file by file. */
final class WeightsReader {
  private static final List<String> DTYPES = List.of("F32", "F16", "BF16");

  /** Projections are transposed, at the most, and far smaller. */
  private static final int MAX_TRANSPOSED_BYTES = 256 << 20;

  private static final String ARGUMENTS = "a call's arguments"; // for messages

  private final long model;
  private final BooleanSupplier givenUp;
  private final Map<String, Long> numbers = new TreeMap<>();
  private final List<String> ignored = new ArrayList<>();

  /** {@code givenUp} is asked before each tensor whether there is no need any more. */
  WeightsReader(long model, BooleanSupplier givenUp) {
    this.model = model;
    this.givenUp = givenUp;
  }

  /** Numbers in the tensors that were read, by what they are stored as. */
  Map<String, Long> numbers() {
    return numbers;
  }

  /** Tensors that the model does not want. */
  List<String> ignored() {
    return ignored;
  }

  void read(Map<Path, List<Tensor>> weights) {
    weights.forEach(
        (file, tensors) -> {
          for (Tensor tensor : tensors) {
            if (givenUp.getAsBoolean()) {
              throw new CancellationException("the model has been given up");
            }
            // A name that holds a null would end there, and the model wants none such.
            if (tensor.name().indexOf('\0') < 0 && wants(tensor)) {
              dtype(file, tensor);
              if (tensor.transposed()) {
                readTransposed(file, tensor);
              } else {
                read(file, tensor);
              }
              numbers.merge(tensor.dtype(), tensor.numbers(), Long::sum);
            } else {
              ignored.add(tensor.name());
            }
          }
        });
  }

  private boolean wants(Tensor tensor) {
    try (NativeBlock name = text(tensor)) {
      return Native.modelWants(model, name.address()) != 0;
    }
  }

  private static NativeBlock text(Tensor tensor) {
    return NativeBlock.ofText(ARGUMENTS, tensor.name().getBytes(StandardCharsets.UTF_8));
  }

  private void read(Path file, Tensor tensor) {
    int shapeBytes = tensor.shape().length * Long.BYTES;
    try (NativeBlock name = text(tensor);
        NativeBlock path = NativeBlock.ofText(ARGUMENTS, PathBytes.of(file));
        NativeBlock shape = new NativeBlock(ARGUMENTS, shapeBytes)) {
      shape.buffer(0, shapeBytes).asLongBuffer().put(tensor.shape());
      check(
          file,
          Native.modelRead(
              model,
              name.address(),
              path.address(),
              tensor.offset(),
              dtype(file, tensor),
              shape.address(),
              tensor.shape().length));
    }
  }

  /** Native code reads row-major files, so it gets one. */
  private void readTransposed(Path file, Tensor tensor) {
    byte[] rows;
    try {
      rows = transposed(file, tensor);
    } catch (IOException e) {
      throw InputFile.unreadable(file, e);
    }
    try {
      Path copy = Files.createTempFile("clip4j-", ".tensor");
      try {
        Files.write(copy, rows);
        read(copy, new Tensor(tensor.name(), tensor.dtype(), tensor.shape(), 0, false));
      } catch (Clip4jException e) {
        throw new Clip4jException(
            e.kind(), e.getMessage().replace(copy.toString(), file.toString()), e);
      } finally {
        Files.delete(copy);
      }
    } catch (IOException e) {
      Interrupts.rethrow("reading " + file, e);
      throw new Clip4jException(
          Kind.UNWRITABLE,
          "a temporary file for %s cannot be written: %s (see java.io.tmpdir)".formatted(file, e),
          e);
    }
  }

  /** The matrix's bytes, row by row. */
  private static byte[] transposed(Path file, Tensor tensor) throws IOException {
    if (tensor.bytes() > MAX_TRANSPOSED_BYTES) {
      throw InputFile.tooLarge(
          file, "tensor " + tensor.name() + " is transposed and has over 256 MiB");
    }
    byte[] from;
    try (FileChannel channel = FileChannel.open(file)) {
      from = InputFile.bytes(channel, tensor.offset(), (int) tensor.bytes()).array();
    }
    byte[] to = new byte[from.length];
    int rows = (int) tensor.shape()[0];
    int columns = (int) tensor.shape()[1];
    int width = Tensor.bits(tensor.dtype()) / 8;
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        System.arraycopy(
            from, (column * rows + row) * width, to, (row * columns + column) * width, width);
      }
    }
    return to;
  }

  private static int dtype(Path file, Tensor tensor) {
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

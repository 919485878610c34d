package io.github.clip4j.cli;

import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads matrices of {@code <f4} or {@code <f8} (rounded to float32) in C order. */
final class NpyReader {
  /** Headers of plain arrays have about 100 bytes; the format would allow 4 GiB. */
  private static final long MAX_HEADER_BYTES = 1 << 16;

  private static final Pattern ENTRY =
      Pattern.compile(
          "\\s*'([^']*)'\\s*:\\s*('[^']*'|True|False|\\([0-9L,\\s]*\\)|\\[.*\\])\\s*(,|(?=\\}))\\s*");

  private final Path file;

  private NpyReader(Path file) {
    this.file = file;
  }

  static Embeddings read(Path file) {
    NpyReader reader = new NpyReader(file);
    if (!Files.exists(file)) {
      throw reader.failure("does not exist", "check the name");
    }
    if (!Files.isRegularFile(file)) {
      throw reader.failure("is not a regular file", "name a .npy file");
    }
    try (FileChannel channel = FileChannel.open(file)) {
      return reader.read(channel);
    } catch (IOException e) {
      throw Failure.of(file.toString(), "cannot be read", e);
    }
  }

  private Embeddings read(FileChannel channel) throws IOException {
    Map<String, String> header = parse(header(channel));
    int bytes = bytesOf(header.get("descr"));
    if (!header.get("fortran_order").equals("False")) {
      throw failure("is in Fortran order", "save numpy.ascontiguousarray(x)");
    }
    long[] shape = shape(header.get("shape"));
    if (shape.length != 2) {
      String todo = "reshape it to rows x dimension";
      throw failure("has " + shape.length + " dimensions, not 2", todo);
    }
    if (shape[0] < 1 || shape[1] < 1) {
      throw failure(shape[0] + " x " + shape[1] + " values", "save at least one row");
    }
    long rest = channel.size() - channel.position();
    if (shape[0] > Integer.MAX_VALUE
        || shape[1] > Integer.MAX_VALUE
        || Math.multiplyHigh(shape[0] * shape[1], bytes) != 0
        || shape[0] * shape[1] * bytes != rest) {
      String claim = "claims %d x %d values of %d bytes".formatted(shape[0], shape[1], bytes);
      throw failure(claim + " and holds " + rest + " bytes", "get a good copy");
    }
    return Embeddings.fill(
        (int) shape[0],
        (int) shape[1],
        (firstRow, block) -> fill(channel, block, bytes, firstRow, (int) shape[1]));
  }

  private byte[] header(FileChannel channel) throws IOException {
    byte[] start = bytes(channel, Npy.MAGIC.length + 2).array();
    if (!Arrays.equals(Npy.MAGIC, Arrays.copyOf(start, Npy.MAGIC.length))) {
      throw failure("is not a .npy file", "embed with --out FILE.npy, or save it with numpy.save");
    }
    int version = start[Npy.MAGIC.length];
    if (version != 1 && version != 2) {
      throw failure("has .npy version " + version, "save a plain array with numpy.save");
    }
    ByteBuffer field = bytes(channel, version == 1 ? 2 : 4);
    long length = version == 1 ? field.getShort() & 0xFFFF : Integer.toUnsignedLong(field.getInt());
    if (length > MAX_HEADER_BYTES) {
      throw failure("its header claims " + length + " bytes", "save a plain array");
    }
    return bytes(channel, (int) length).array();
  }

  private Map<String, String> parse(byte[] header) {
    String literal = new String(header, StandardCharsets.ISO_8859_1).strip();
    Map<String, String> entries = new HashMap<>();
    if (literal.startsWith("{") && literal.endsWith("}")) {
      Matcher matcher = ENTRY.matcher(literal);
      int at = 1;
      while (matcher.region(at, literal.length()).lookingAt()
          && entries.put(matcher.group(1), matcher.group(2)) == null) {
        at = matcher.end();
      }
      if (at == literal.length() - 1
          && entries.size() == 3
          && entries.containsKey("descr")
          && entries.containsKey("fortran_order")
          && entries.containsKey("shape")) {
        return entries;
      }
    }
    throw failure("its header is damaged", "get a good copy");
  }

  private int bytesOf(String dtype) {
    return switch (dtype) {
      case "'<f4'" -> Float.BYTES;
      case "'<f8'" -> Double.BYTES;
      default ->
          throw failure(
              "has values of type " + dtype + ", not '<f4' or '<f8'",
              "save x.astype(numpy.float32)");
    };
  }

  private long[] shape(String tuple) {
    String[] parts = tuple.replaceAll("[()L\\s]", "").split(",");
    try {
      return Arrays.stream(parts).filter(p -> !p.isEmpty()).mapToLong(Long::parseLong).toArray();
    } catch (NumberFormatException e) {
      throw failure("its header claims the shape " + tuple, "get a good copy");
    }
  }

  private void fill(
      FileChannel channel, FloatBuffer block, int bytesPerValue, int firstRow, int dimension)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    while (block.hasRemaining()) {
      bytes
          .clear()
          .limit((int) Math.min(bytes.capacity(), (long) block.remaining() * bytesPerValue));
      read(channel, bytes);
      while (bytes.hasRemaining()) {
        double value = bytesPerValue == Float.BYTES ? bytes.getFloat() : bytes.getDouble();
        if (!Float.isFinite((float) value)) {
          int row = firstRow + block.position() / dimension;
          throw failure("row " + row + " holds " + name(value), "leave that row out");
        }
        block.put((float) value);
      }
    }
  }

  private static String name(double notFinite) {
    if (Double.isNaN(notFinite)) {
      return "NaN";
    }
    return Double.isInfinite(notFinite) ? "an infinite value" : notFinite + ", no float32";
  }

  private ByteBuffer bytes(FileChannel channel, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    read(channel, bytes);
    return bytes;
  }

  private void read(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw failure("ends too early", "get a good copy");
      }
    }
    bytes.flip();
  }

  private Failure failure(String why, String todo) {
    return new Failure(file.toString(), why, todo);
  }
}

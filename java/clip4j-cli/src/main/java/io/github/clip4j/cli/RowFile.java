package io.github.clip4j.cli;

import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** A file of embeddings, written row by row; how many there are shows at the end. */
abstract class RowFile implements AutoCloseable {
  private final OutputFile output;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
  private int rows;

  private RowFile(OutputFile output) {
    this.output = output;
  }

  /** The format is the one that the name ends in. */
  static RowFile create(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".npy")) {
      return new Binary(OutputFile.create(file), (rows, d) -> Npy.header("<f4", rows, d));
    } else if (name.endsWith(".safetensors")) {
      return new Binary(OutputFile.create(file), Safetensors::header);
    } else if (name.endsWith(".jsonl")) {
      return new JsonLines(OutputFile.create(file));
    }
    throw new Failure(
            "--out " + file, "its format is unknown", "name it .npy, .safetensors or .jsonl")
        .usage();
  }

  int rows() {
    return rows;
  }

  final void add(String id, float[] row) {
    write(id, row);
    rows++;
  }

  /** Everything is written then, and {@link OutputFile#publish} can follow. */
  final OutputFile finish(int dimension) {
    flush();
    complete(dimension);
    return output;
  }

  abstract void write(String id, float[] row);

  abstract void complete(int dimension);

  @Override
  public void close() {
    output.close();
  }

  final void append(byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      int length = Math.min(room(1), bytes.length - done);
      buffer.put(bytes, done, length);
      done += length;
    }
  }

  final void append(float[] values) {
    for (float value : values) {
      room(Float.BYTES);
      buffer.putFloat(value);
    }
  }

  private int room(int needed) {
    if (buffer.remaining() < needed) {
      flush();
    }
    return buffer.remaining();
  }

  private void flush() {
    output.write(buffer.flip());
    buffer.clear();
  }

  /** A header of fixed length that names the shape, and the rows' floats. */
  private static final class Binary extends RowFile {
    private final Header header;

    interface Header {
      byte[] of(long rows, long dimension);
    }

    Binary(OutputFile output, Header header) {
      super(output);
      this.header = header;
      append(header.of(0, 0));
    }

    @Override
    void write(String id, float[] row) {
      append(row);
    }

    @Override
    void complete(int dimension) {
      super.output.rewriteStart(ByteBuffer.wrap(header.of(rows(), dimension)));
    }
  }

  private static final class JsonLines extends RowFile {
    JsonLines(OutputFile output) {
      super(output);
    }

    private record Line(String id, float[] embedding) {}

    @Override
    void write(String id, float[] row) {
      StringWriter line = new StringWriter();
      Json.GSON.toJson(new Line(id, row), line);
      append(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void complete(int dimension) {}
  }
}

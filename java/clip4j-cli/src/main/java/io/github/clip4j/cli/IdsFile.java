package io.github.clip4j.cli;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** OUT.ids.json: a JSON array with the input of each row, an element a line. */
final class IdsFile implements AutoCloseable {
  private final OutputFile output;
  private final StringBuilder pending = new StringBuilder("[");
  private boolean empty = true;

  IdsFile(Path embeddings) {
    output = OutputFile.create(embeddings.resolveSibling(embeddings.getFileName() + ".ids.json"));
  }

  void add(String id) {
    pending.append(empty ? "\n" : ",\n").append(Json.GSON.toJson(id));
    empty = false;
    if (pending.length() > 1 << 16) {
      flush();
    }
  }

  /** Everything is written then, and {@link OutputFile#publish} can follow. */
  OutputFile finish() {
    pending.append("\n]\n");
    flush();
    return output;
  }

  private void flush() {
    output.write(ByteBuffer.wrap(pending.toString().getBytes(StandardCharsets.UTF_8)));
    pending.setLength(0);
  }

  @Override
  public void close() {
    output.close();
  }
}

package io.github.clip4j.cli;

import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * OUT.ids.json, beside a file of rows: a JSON array with the input of each row, an element a line.
 */
final class IdsFile implements AutoCloseable {
  private final OutputFile output;
  private final StringBuilder pending = new StringBuilder("[");
  private boolean empty = true;

  IdsFile(Path embeddings) {
    output = OutputFile.create(beside(embeddings));
  }

  private static Path beside(Path embeddings) {
    return embeddings.resolveSibling(embeddings.getFileName() + ".ids.json");
  }

  /** The inputs of a file's rows; empty, with a note, where they are not those of its rows. */
  static Optional<List<String>> read(Path embeddings, int rows, Console console) {
    Path file = beside(embeddings);
    try (Reader reader = Files.newBufferedReader(file)) {
      String[] ids = Json.GSON.fromJson(reader, String[].class);
      if (ids != null && ids.length == rows && !Arrays.asList(ids).contains(null)) {
        return Optional.of(List.of(ids));
      }
      console.say("note: " + file + " does not name " + rows + " rows and is not used");
    } catch (NoSuchFileException e) {
      // Other programs write none.
    } catch (JsonParseException e) {
      console.say("note: " + file + " is not an array of texts and is not used");
    } catch (IOException e) {
      throw Failure.of(file.toString(), "cannot be read", e);
    }
    return Optional.empty();
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

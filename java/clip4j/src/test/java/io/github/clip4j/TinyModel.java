package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The folder src/test/resources/tiny-clip, changed copies of it, and the folders beside it. */
public final class TinyModel {
  private TinyModel() {}

  public static Path directory() {
    return resource("tiny-clip");
  }

  /** Another model of the tests': "tiny-siglip/gemma". */
  public static Path resource(String name) {
    try {
      return Path.of(TinyModel.class.getResource("/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** What loading a folder fails with; the message is one line and names it. */
  static Clip4jException failure(Path folder) {
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> ClipModel.load(folder).close());
    assertTrue(failure.getMessage().contains(folder.toString()), failure.getMessage());
    assertEquals(1, failure.getMessage().lines().count(), failure.getMessage());
    return failure;
  }

  public static ClipModel load() {
    return ClipModel.load(directory());
  }

  public static Path file(String name) {
    return directory().resolve(name);
  }

  public static ImageSource picture() {
    return ImageSource.of(file("rgb.png"));
  }

  /** A copy of the model's files, for a test to change. */
  public static Path copyTo(Path directory) {
    return copy(directory(), directory);
  }

  /** A copy of any model's files, for a test to change. */
  public static Path copy(Path model, Path directory) {
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(file.getFileName().toString()));
      }
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static void edit(Path json, Consumer<JsonObject> change) {
    try {
      JsonObject object = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
      change.accept(object);
      Files.writeString(json, object.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static float[] floats(JsonArray array) {
    float[] floats = new float[array.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = array.get(i).getAsFloat();
    }
    return floats;
  }
}

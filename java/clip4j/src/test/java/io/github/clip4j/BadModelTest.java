package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Directories that are no model, or contradict themselves: one clear error, nothing left behind.
 */
class BadModelTest {
  @TempDir Path temp;
  private Path directory;

  @BeforeEach
  void copy() {
    directory = TinyModel.copyTo(temp);
  }

  private Clip4jException failure() {
    return TinyModel.failure(directory);
  }

  private void assertConfigContradicts(Consumer<JsonObject> change) {
    TinyModel.edit(directory.resolve("config.json"), change);
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void noDirectory() {
    directory = temp.resolve("none");
    assertEquals(Kind.MISSING, failure().kind());
    directory = temp.resolve("config.json");
    assertEquals(Kind.UNREADABLE, failure().kind());
  }

  /** Native code could not read the weights. */
  @Test
  void aFolderOfAnotherFileSystem() throws IOException {
    Path zip = temp.resolve("model.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path inside = TinyModel.copyTo(Files.createDirectory(files.getPath("/model")));
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> ClipModel.load(inside));
      assertTrue(refused.getMessage().contains("/model"), refused.getMessage());
    }
  }

  @Test
  void offlineAModelOfTheHubIsInTheCacheOrMissing() {
    LoadOptions offline = LoadOptions.DEFAULT.withOffline(true);
    Clip4jException failure =
        assertThrows(
            Clip4jException.class, () -> ClipModel.load("clip4j-tests/never-fetched", offline));
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains("offline"), failure.getMessage());
  }

  @Test
  void aFileIsMissing() throws IOException {
    for (String name :
        new String[] {
          "config.json", "model.safetensors", "preprocessor_config.json", "merges.txt"
        }) {
      Path aside = Files.move(directory.resolve(name), temp.resolve("aside"));
      assertEquals(Kind.MISSING, failure().kind(), name);
      Files.move(aside, directory.resolve(name));
    }
  }

  @Test
  void aDirectoryThatIsNoModels() throws IOException {
    Files.delete(directory.resolve("config.json"));
    assertTrue(failure().getMessage().contains("is no model's directory"), failure().getMessage());
  }

  /** What a clone leaves where Git LFS is not installed. */
  @Test
  void pointersInsteadOfFiles() throws IOException {
    for (String name : new String[] {"model.safetensors", "vocab.json"}) {
      Path aside = Files.move(directory.resolve(name), temp.resolve("aside"));
      Files.writeString(
          directory.resolve(name),
          "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 605247071\n");
      Clip4jException failure = failure();
      assertEquals(Kind.CORRUPT, failure.kind());
      assertTrue(failure.getMessage().contains("git lfs pull"), failure.getMessage());
      Files.move(aside, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Test
  void aTensorIsMissing() throws IOException {
    SafetensorsFile.read(directory.resolve("model.safetensors"))
        .without("text_projection.weight")
        .write(directory.resolve("model.safetensors"));
    Clip4jException failure = failure();
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains("text_projection.weight"), failure.getMessage());
    // Weights are read on a thread of their own.
    assertTrue(
        Stream.of(failure.getSuppressed())
            .flatMap(suppressed -> Stream.of(suppressed.getStackTrace()))
            .anyMatch(frame -> frame.getClassName().equals(getClass().getName())),
        "it shows who asked for it");
  }

  @Test
  void aWeightIsNotANumber() throws IOException {
    SafetensorsFile.read(directory.resolve("model.safetensors"))
        .poison("visual_projection.weight")
        .write(directory.resolve("model.safetensors"));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void weightsOfAnotherSize() {
    assertConfigContradicts(c -> c.getAsJsonObject("text_config").addProperty("hidden_size", 48));
  }

  @Test
  void moreLayersThanWeights() {
    TinyModel.edit(
        directory.resolve("config.json"),
        config -> config.getAsJsonObject("vision_config").addProperty("num_hidden_layers", 3));
    assertEquals(Kind.MISSING, failure().kind());
  }

  @Test
  void headsThatDoNotDivide() {
    assertConfigContradicts(
        c -> c.getAsJsonObject("text_config").addProperty("num_attention_heads", 3));
  }

  @Test
  void aVocabularyTooSmallForTheTokenizer() {
    TinyModel.edit(
        directory.resolve("config.json"),
        config -> config.getAsJsonObject("text_config").addProperty("vocab_size", 528));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void anEndOfTextThatTheTokenizerDoesNotWrite() {
    assertConfigContradicts(c -> c.getAsJsonObject("text_config").addProperty("eos_token_id", 5));
  }

  @Test
  void aPreprocessorForAnotherModel() {
    TinyModel.edit(
        directory.resolve("preprocessor_config.json"),
        preprocessor -> preprocessor.addProperty("crop_size", 64));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void theProcessorFileComesFirst() throws IOException {
    Files.writeString(
        directory.resolve("processor_config.json"), "{\"image_processor\":{\"crop_size\":64}}");
    assertEquals(Kind.CORRUPT, failure().kind());
    Files.writeString(
        directory.resolve("processor_config.json"), "{\"processor_class\":\"CLIPProcessor\"}");
    ClipModel.load(directory).close();
  }

  @Test
  void notATokenizer() throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), "{\"version\":\"1.0\"}");
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void aTextFileThatIsTooLarge() throws IOException {
    try (RandomAccessFile vocabulary =
        new RandomAccessFile(directory.resolve("vocab.json").toFile(), "rw")) {
      vocabulary.setLength((64 << 20) + 1);
    }
    Clip4jException failure = failure();
    assertEquals(Kind.TOO_LARGE, failure.kind());
    assertTrue(failure.getMessage().endsWith("vocab.json is over 64 MiB"), failure.getMessage());
  }

  @Test
  void notUtf8() throws IOException {
    Files.write(
        directory.resolve("config.json"), new byte[] {'{', '"', (byte) 0xFF, '"', ':', '1', '}'});
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void notJson() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"model_type\": clip}");
    assertEquals(Kind.CORRUPT, failure().kind());
    Files.writeString(directory.resolve("config.json"), "[".repeat(100_000));
    assertTrue(failure().getMessage().length() < 300, failure().getMessage());
  }

  /** Whoever read these would wait for ever, or take all memory. */
  @Test
  void filesThatAreNoFiles() throws Exception {
    for (String name :
        new String[] {
          "config.json", "model.safetensors", "preprocessor_config.json", "vocab.json"
        }) {
      Path aside = Files.move(directory.resolve(name), temp.resolve("aside"));
      assertEquals(
          0, new ProcessBuilder("mkfifo", directory.resolve(name).toString()).start().waitFor());
      assertEquals(Kind.UNREADABLE, failure().kind(), name);
      Files.delete(directory.resolve(name));
      Files.createSymbolicLink(directory.resolve(name), Path.of("/dev/zero"));
      assertEquals(Kind.UNREADABLE, failure().kind(), name);
      Files.delete(directory.resolve(name));
      Files.move(aside, directory.resolve(name));
    }
  }

  @Test
  void aPreprocessorThatEnlargesBeyondMeasure() {
    TinyModel.edit(
        directory.resolve("preprocessor_config.json"),
        preprocessor -> preprocessor.addProperty("size", 1_000_000_000));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void shardsOutsideTheDirectory() throws IOException {
    Files.move(directory.resolve("model.safetensors"), temp.resolve("aside.safetensors"));
    Path index = directory.resolve("model.safetensors.index.json");
    for (String shard :
        new String[] {
          "../x.safetensors",
          "/x.safetensors",
          "a/../../x.safetensors",
          "..",
          "",
          "a\\nb.safetensors"
        }) {
      Files.writeString(index, "{\"weight_map\":{\"logit_scale\":\"" + shard + "\"}}");
      assertEquals(Kind.CORRUPT, failure().kind(), shard);
    }
    Files.writeString(index, "{\"weight_map\":{\"nothing\":\"aside.safetensors\"}}");
    assertEquals(Kind.MISSING, failure().kind());
    Files.writeString(index, "{}");
    assertEquals(Kind.CORRUPT, failure().kind());
  }
}

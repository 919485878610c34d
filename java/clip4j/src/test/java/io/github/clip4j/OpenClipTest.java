package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenCLIP's repositories and OpenAI's archives; the rows are OpenCLIP's rows. */
class OpenClipTest {
  @TempDir Path temp;

  private static Path resource(String name) {
    return TinyModel.resource("tiny-open-clip/" + name);
  }

  /** A model's files beside tiny-clip's tokenizer. */
  private Path folder(String model) throws IOException {
    for (String name : List.of("vocab.json", "merges.txt")) {
      Files.copy(TinyModel.file(name), temp.resolve(name));
    }
    return TinyModel.copy(resource(model), temp);
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "squash", "custom", "archive"})
  void rowsAndTokens(String name) throws IOException {
    try (ClipModel model = ClipModel.load(folder(name))) {
      Reference.assertSame(Reference.read(temp), model);
      assertEquals(Math.exp(3), model.logitScale(), 1e-4);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "squash", "custom", "archive"})
  void picturesOfOtherSizes(String name) throws IOException {
    JsonObject sizes = Reference.read(folder(name)).getAsJsonObject("at_other_sizes");
    assertEquals(2, sizes.size());
    for (String size : sizes.keySet()) {
      LoadOptions options = LoadOptions.DEFAULT.withImageSize(Integer.parseInt(size));
      try (ClipModel model = ClipModel.load(temp, options)) {
        Reference.assertSame(sizes.getAsJsonObject(size), model);
      }
    }
  }

  /** The picture is 45 x 60, so 7 of 28 columns are left over: 3 before it and 4 behind it. */
  @Test
  void theLongerSideFits() throws IOException {
    TinyModel.edit(
        folder("custom").resolve("open_clip_config.json"),
        config -> {
          config.getAsJsonObject("preprocess_cfg").addProperty("resize_mode", "longest");
          config.getAsJsonObject("preprocess_cfg").addProperty("fill_color", 200);
        });
    try (ClipModel model = ClipModel.load(temp)) {
      byte[] rgb = model.preprocess(TinyModel.picture()).rgb();
      for (int x = 0; x < 28; x++) {
        boolean filled = true;
        for (int y = 0; y < 28; y++) {
          filled &= (rgb[3 * (28 * y + x)] & 0xFF) == 200;
        }
        assertEquals(x < 3 || x >= 24, filled, "column " + x);
      }
    }
  }

  @Test
  void theHuggingFaceLayoutComesFirst() throws IOException {
    Path both = TinyModel.copyTo(temp);
    Files.writeString(both.resolve("open_clip_config.json"), "nothing that would be read");
    Files.writeString(both.resolve("pytorch_model.bin"), "nor this");
    ClipModel.load(both).close();
  }

  /** timm keeps its own config.json and model.safetensors in the same repository. */
  @Test
  void timmsConfigIsNoHuggingFaceModel() throws IOException {
    Path both = folder("squash");
    Files.writeString(both.resolve("config.json"), "{\"architecture\":\"vit_tiny\"}");
    Files.writeString(both.resolve("model.safetensors"), "nothing that would be read");
    try (ClipModel model = ClipModel.load(both)) {
      assertEquals(12, model.dimension());
    }
  }

  @Test
  void aTensorIsMissing() throws IOException {
    Path weights = folder("squash").resolve("open_clip_model.safetensors");
    SafetensorsFile.read(weights).without("visual.proj").write(weights);
    Clip4jException failure = TinyModel.failure(temp);
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains("visual_projection.weight"), failure.getMessage());
  }

  @Test
  void aProjectionThatIsNotANumber() throws IOException {
    Path weights = folder("squash").resolve("open_clip_model.safetensors");
    SafetensorsFile.read(weights).poison("visual.proj").write(weights);
    Clip4jException failure = TinyModel.failure(temp);
    assertEquals(
        weights + ": tensor visual_projection.weight has values that are not finite",
        failure.getMessage());
    assertEquals(Kind.CORRUPT, failure.kind());
  }

  /** Loads a model. */
  static final class Loader {
    public static void main(String[] arguments) {
      ClipModel.load(Path.of(arguments[0])).close();
    }
  }

  /** In JVMs of their own: others' files come and go in this one's temporary folder. */
  @Test
  void projectionsAreRewrittenInAFileThatGoesAway() throws Exception {
    String model = folder("openai").toString();
    Path own = Files.createDirectory(temp.resolve("own"));
    ChildJvm.Result loaded =
        new ChildJvm().options("-Djava.io.tmpdir=" + own).run(Loader.class, model);
    assertEquals(0, loaded.exit(), loaded.err());
    try (Stream<Path> files = Files.list(own)) {
      assertEquals(List.of(), files.filter(file -> file.toString().endsWith(".tensor")).toList());
    }
    Path missing = temp.resolve("missing"); // There the file cannot be: it would be there.
    ChildJvm.Result failed =
        new ChildJvm().options("-Djava.io.tmpdir=" + missing).run(Loader.class, model);
    assertEquals(1, failed.exit());
    assertTrue(failed.err().contains("a temporary file for " + model), failed.err());
  }
}

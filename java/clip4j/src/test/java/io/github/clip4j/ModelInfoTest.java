package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelInfoTest {
  @TempDir Path temp;

  private ModelInfo info() {
    try (ClipModel model = ClipModel.load(temp)) {
      ModelInfo info = model.info();
      assertEquals(model.fingerprint(), info.fingerprint());
      return info;
    }
  }

  private static String fingerprint(ImageOptions images) {
    LoadOptions options = LoadOptions.DEFAULT.withImages(images);
    try (ClipModel model = ClipModel.load(TinyModel.directory(), options)) {
      return model.fingerprint();
    }
  }

  /** A service that takes smaller files searches the index that a job with larger ones has made. */
  @Test
  void theFingerprintKnowsWhatDecidesAnEmbedding() {
    ImageOptions usual = ImageOptions.DEFAULT;
    ImageOptions wide =
        usual
            .withMaxEncodedBytes(1L << 30)
            .withMaxPixels(1L << 30)
            .withFormats(EnumSet.allOf(ImageFormat.class));
    assertEquals(fingerprint(usual), fingerprint(wide));
    assertNotEquals(fingerprint(usual), fingerprint(usual.withExifOrientation(true)));
    assertNotEquals(fingerprint(usual), fingerprint(usual.withBackground(0)));
  }

  /** An index would be made by one model and be said to be another's. */
  @Test
  void theFingerprintIsOfTheWeightsThatWereLoaded() throws IOException {
    TinyModel.copyTo(temp);
    Path weights = temp.resolve("model.safetensors");
    try (ClipModel model = ClipModel.load(temp)) {
      Path other = Files.copy(weights, temp.resolve("other"));
      Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);
      Clip4jException failure = assertThrows(Clip4jException.class, model::fingerprint);
      assertEquals(Clip4jException.Kind.UNREADABLE, failure.kind());
      assertTrue(failure.getMessage().startsWith(weights + " has changed since"));
      Files.delete(weights);
      failure = assertThrows(Clip4jException.class, model::info);
      assertEquals(Clip4jException.Kind.MISSING, failure.kind());
    }
  }

  @Test
  void whatWasRead() throws IOException {
    TinyModel.copyTo(temp);
    ModelInfo info = info();
    assertEquals("CLIP", info.family());
    assertEquals(Precision.FP32, info.precision());
    assertEquals("libtorch", info.kernel());
    assertEquals(Optional.empty(), info.logitBias());
    assertEquals("Hugging Face", info.layout());
    Path weights = temp.resolve("model.safetensors");
    ByteBuffer header = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
    long numbers = (Files.size(weights) - Long.BYTES - header.getLong()) / 2;
    assertEquals(Map.of("BF16", numbers), info.storedAs());
    assertEquals(numbers, info.parameters());
    assertEquals(new ModelInfo.Tower(32, 64, 2, 2, "quick_gelu", 1e-5f), info.image().tower());
    assertEquals(32, info.image().size());
    assertEquals(8, info.image().patch());
    assertEquals(529, info.text().vocabulary());
    assertEquals("id 528", info.text().end());
    assertEquals("the shorter side", info.preprocessing().resize());
    assertEquals("bicubic", info.preprocessing().filter());
    assertEquals("down", info.preprocessing().cropRounding());
    assertEquals(0.48145466f, info.preprocessing().mean().get(0));
    assertEquals(Math.exp(3), info.logitScale(), 1e-4);
    assertEquals(Optional.empty(), info.calibration());
    List<String> names = info.files().stream().map(ModelInfo.File::name).toList();
    assertEquals(
        List.of(
            "config.json",
            "merges.txt",
            "model.safetensors",
            "preprocessor_config.json",
            "vocab.json"),
        names);
    assertEquals(Files.size(temp.resolve("config.json")), info.files().get(0).bytes());
  }

  @Test
  void whatWasIgnored() throws IOException {
    TinyModel.copyTo(temp);
    Files.writeString(temp.resolve("README.md"), "");
    Files.writeString(
        temp.resolve("calibration.json"), "{\"kind\":\"platt\",\"scale\":2,\"of\":3}");
    TinyModel.edit(
        temp.resolve("config.json"),
        config -> {
          config.addProperty("surprise", 1);
          config.getAsJsonObject("text_config").addProperty("surprise", 2);
        });
    Path weights = temp.resolve("model.safetensors");
    SafetensorsFile.read(weights)
        .copy("logit_scale", "text_model.embeddings.position_ids")
        .write(weights);
    ModelInfo info = info();
    assertTrue(info.calibration().isPresent());
    assertTrue(info.ignored().files().contains("README.md"));
    assertFalse(info.ignored().files().contains("config.json"));
    List<String> fields = info.ignored().fields();
    assertTrue(fields.contains("config.json: surprise"), fields.toString());
    assertTrue(fields.contains("config.json: text_config.surprise"), fields.toString());
    assertTrue(fields.contains("calibration.json: of"), fields.toString());
    assertFalse(fields.contains("config.json: text_config.hidden_size"), fields.toString());
    assertFalse(fields.contains("config.json: text_config"), fields.toString());
    assertTrue(fields.stream().noneMatch(field -> field.startsWith("vocab.json")));
    assertEquals(List.of("text_model.embeddings.position_ids"), info.ignored().tensors());
  }

  /** As huggingface_hub leaves it: a link whose target's name says what it holds. */
  @Test
  void aFileOfTheHub() throws IOException {
    TinyModel.copyTo(temp);
    String sha256 = "0123456789abcdef".repeat(4);
    Path blob = Files.createDirectory(temp.resolve("blobs")).resolve(sha256);
    Files.move(temp.resolve("model.safetensors"), blob);
    Files.createSymbolicLink(temp.resolve("model.safetensors"), blob);
    for (ModelInfo.File file : info().files()) {
      boolean blobs = file.name().equals("model.safetensors");
      assertEquals(blobs ? Optional.of(sha256) : Optional.empty(), file.sha256());
    }
  }

  @Test
  void anArchiveOfOpenAis() throws IOException {
    Path resources = TinyModel.resource("tiny-open-clip/archive");
    Files.copy(resources.resolve("Tiny.pt"), temp.resolve("Tiny.pt"));
    for (String name : List.of("vocab.json", "merges.txt")) {
      Files.copy(TinyModel.file(name), temp.resolve(name));
    }
    ModelInfo info = info();
    assertEquals("OpenAI", info.layout());
    assertEquals("half to even", info.preprocessing().cropRounding());
    assertEquals(List.of("F16", "F32"), info.storedAs().keySet().stream().sorted().toList());
    assertEquals(
        List.of("context_length", "input_resolution", "vocab_size"),
        info.ignored().tensors().stream().sorted().toList());
    try (ClipModel model = ClipModel.load(temp.resolve("Tiny.pt"))) {
      assertEquals(List.of(), model.info().ignored().files());
    }
  }
}

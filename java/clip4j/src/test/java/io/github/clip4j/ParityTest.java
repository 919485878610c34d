package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.clip4j.search.Embeddings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows are transformers' rows. */
class ParityTest {
  private static final JsonObject EXPECTED = Reference.read(TinyModel.directory());

  @TempDir Path temp;

  private static List<JsonObject> objects(JsonObject expected, String name) {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonElement element : expected.getAsJsonArray(name)) {
      objects.add(element.getAsJsonObject());
    }
    return objects;
  }

  @Test
  void rowsOfTheStoredModel() {
    try (ClipModel model = TinyModel.load()) {
      Reference.assertSame(EXPECTED, model);
      assertEquals(16, model.dimension());
      assertEquals(32, model.imageSize());
      assertEquals(32, model.maxTokens());
      assertEquals(Math.exp(3), model.logitScale(), 1e-4);
      assertEquals("tiny-clip", model.name());
    }
  }

  /** Six patches of 8 pixels a side, and 5 pixels left over; stored are four. */
  @Test
  void picturesOfAnotherSize() {
    try (ClipModel model =
        ClipModel.load(TinyModel.directory(), LoadOptions.DEFAULT.withImageSize(53))) {
      Reference.assertSame(EXPECTED.getAsJsonObject("at_53_pixels"), model);
    }
  }

  @Test
  void tokenIds() {
    try (ClipModel model = TinyModel.load()) {
      for (JsonObject text : objects(EXPECTED, "texts")) {
        String string = text.get("text").getAsString();
        List<Integer> ids = new ArrayList<>();
        for (int id : model.tokenize(string).ids()) {
          ids.add(id);
        }
        assertEquals(text.getAsJsonArray("ids").toString().replace(",", ", "), ids.toString());
      }
      assertTrue(model.tokenize("very long ".repeat(40)).truncated());
    }
  }

  @Test
  void exactGelu() {
    Path directory = TinyModel.copyTo(temp);
    TinyModel.edit(
        directory.resolve("config.json"),
        config -> {
          for (String tower : new String[] {"text_config", "vision_config"}) {
            config.getAsJsonObject(tower).addProperty("hidden_act", "gelu");
          }
        });
    try (ClipModel model = ClipModel.load(directory)) {
      Reference.assertSame(EXPECTED.getAsJsonObject("gelu"), model);
    }
  }

  @Test
  void endOfTextTwoMeansTheLargestId() {
    Path directory = TinyModel.copyTo(temp);
    TinyModel.edit(
        directory.resolve("config.json"),
        config -> config.getAsJsonObject("text_config").addProperty("eos_token_id", 2));
    try (ClipModel model = ClipModel.load(directory)) {
      Reference.assertSame(EXPECTED, model);
    }
  }

  @Test
  void legacyTowerReplacesThePlainOne() {
    Path directory = TinyModel.copyTo(temp);
    TinyModel.edit(
        directory.resolve("config.json"),
        config -> {
          config.add("text_config_dict", config.remove("text_config"));
          config.add("text_config", new JsonObject());
        });
    try (ClipModel model = ClipModel.load(directory)) {
      Reference.assertSame(EXPECTED, model);
    }
  }

  @Test
  void float32AndFloat16Weights() throws Exception {
    SafetensorsFile stored = SafetensorsFile.read(TinyModel.file("model.safetensors"));
    for (String dtype : new String[] {"F32", "F16"}) {
      Path directory = TinyModel.copyTo(Files.createDirectory(temp.resolve(dtype)));
      stored.as(dtype).write(directory.resolve("model.safetensors"));
      try (ClipModel model = ClipModel.load(directory)) {
        Reference.assertSame(EXPECTED, model);
      }
    }
  }

  @Test
  void shardedWeights() throws Exception {
    Path directory = TinyModel.copyTo(temp);
    SafetensorsFile stored = SafetensorsFile.read(TinyModel.file("model.safetensors"));
    stored.split(directory);
    Files.delete(directory.resolve("model.safetensors"));
    try (ClipModel model = ClipModel.load(directory)) {
      Reference.assertSame(EXPECTED, model);
    }
  }

  /** Of which the projections are transposed. */
  @Test
  void weightsOfTorchSave() throws Exception {
    Path directory = TinyModel.copyTo(temp);
    Files.delete(directory.resolve("model.safetensors"));
    Path weights = TinyModel.resource("tiny-open-clip/pytorch_model.bin");
    Files.copy(weights, directory.resolve("pytorch_model.bin"));
    try (ClipModel model = ClipModel.load(directory)) {
      Reference.assertSame(EXPECTED, model);
    }
  }

  @Test
  void rowsDoNotDependOnTheBatch() {
    try (ClipModel model = TinyModel.load();
        ImageEmbeddings alone = model.embedImages(TinyModel.picture())) {
      List<ImageSource> many = new ArrayList<>();
      for (int i = 0; i < 65; i++) {
        many.add(i == 40 ? TinyModel.picture() : ImageSource.of(TinyModel.file("photo.jpg")));
      }
      try (Embeddings rows = model.embedImages(many).orThrow()) {
        assertArrayEquals(alone.embeddings().row(0), rows.row(40), 1e-6f);
      }
    }
  }
}

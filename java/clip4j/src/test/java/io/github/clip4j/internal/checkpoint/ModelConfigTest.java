package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.ImageOptions;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
  private static ClipConfig config(String json) {
    return ClipConfig.of(Json.parse("config.json", json));
  }

  private static PreprocessorConfig preprocessor(String json) {
    return preprocessor(json, Family.CLIP);
  }

  private static PreprocessorConfig preprocessor(String json, Family family) {
    return PreprocessorConfig.of(Json.parse("preprocessor_config.json", json), family);
  }

  @Test
  void defaultsAreThoseOfTransformers() {
    ClipConfig config = config("{\"model_type\":\"clip\",\"text_config\":null}");
    assertEquals(new ClipConfig.Tower(768, 3072, 12, 12, 0, 1e-5f), config.image().tower());
    assertEquals(new ClipConfig.Tower(512, 2048, 12, 8, 0, 1e-5f), config.text().tower());
    assertEquals(224, config.image().size());
    assertEquals(32, config.image().patchSize());
    assertEquals(49408, config.text().vocabularySize());
    assertEquals(77, config.text().maxPositions());
    assertEquals(49407, config.text().endOfTextId());
    assertEquals(512, config.projectionDim());
  }

  @Test
  void defaultsOfSiglip() {
    ClipConfig config = config("{\"model_type\":\"siglip\",\"vision_config\":{}}");
    ClipConfig.Tower tower = new ClipConfig.Tower(768, 3072, 12, 12, 2, 1e-6f);
    assertEquals(
        new ClipConfig(
            new ClipConfig.Image(tower, 224, 16),
            new ClipConfig.Text(tower, 32000, 64),
            768,
            Family.SIGLIP),
        config);
    PreprocessorConfig preprocessor = preprocessor("{}", Family.SIGLIP);
    assertEquals(2, preprocessor.resizeMode());
    assertEquals(224, preprocessor.resizeHeight());
    assertEquals(224, preprocessor.resizeWidth());
    assertEquals(0, preprocessor.cropHeight());
    assertEquals(3, preprocessor.resample());
    assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f}, preprocessor.mean());
    assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f}, preprocessor.std());
  }

  @Test
  void defaultsOfChineseClip() {
    ClipConfig config = config("{\"model_type\":\"chinese_clip\",\"vision_config\":{}}");
    ClipConfig.Tower vision = new ClipConfig.Tower(768, 3072, 12, 12, 0, 1e-5f);
    ClipConfig.Tower text = new ClipConfig.Tower(768, 3072, 12, 12, 1, 1e-12f);
    assertEquals(
        new ClipConfig(
            new ClipConfig.Image(vision, 224, 32),
            new ClipConfig.Text(text, 30522, 512),
            512,
            Family.CHINESE_CLIP),
        config);
    String named = "{\"image_processor_type\":\"ChineseCLIPImageProcessor\"}";
    assertEquals(224, preprocessor(named, Family.CHINESE_CLIP).cropHeight());
  }

  @Test
  void listsOfOneAndSquares() {
    ClipConfig config =
        config(
            "{\"model_type\":\"clip\",\"text_config\":{\"eos_token_id\":[7]},"
                + "\"vision_config\":{\"image_size\":[64,64],\"patch_size\":16}}");
    assertEquals(7, config.text().endOfTextId());
    assertEquals(64, config.image().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"model_type\":\"siglip2\"}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_act\":\"relu\"}}",
        "{\"model_type\":\"clip\",\"vision_config\":{\"num_channels\":1}}",
        "{\"model_type\":\"chinese_clip\",\"vision_config\":{\"num_channels\":1}}",
        "{\"model_type\":\"chinese_clip\",\"text_config\":{\"position_embedding_type\":\"relative_key\"}}",
        "{\"model_type\":\"clip\",\"vision_config\":{\"image_size\":[64,32]}}",
        "{\"model_type\":\"clip\",\"vision_config\":{\"image_size\":[64.5,64.5]}}",
      })
  void whatClip4jLacksIsUnsupported(String json) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> config(json));
    assertEquals(Kind.UNSUPPORTED, failure.kind());
    assertTrue(failure.getMessage().startsWith("config.json"), failure.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"model_type\":\"clip\"} {}",
        "{\"model_type\":1}",
        "{\"model_type\":\"clip\",\"text_config\":[]}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_size\":0}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_size\":1.5}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_size\":\"512\"}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_size\":1e999999999}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"hidden_size\":4294967296}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"layer_norm_eps\":1e99}}",
        "{\"model_type\":\"clip\",\"text_config\":{\"eos_token_id\":-3}}",
        "{\"model_type\":\"clip\",\"projection_dim\":-1}",
        "{\"model_type\":\"clip\",\"projection_dim\":NaN}",
      })
  void malformedConfigIsCorrupt(String json) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> config(json));
    assertEquals(Kind.CORRUPT, failure.kind(), failure.getMessage());
  }

  @Test
  void preprocessorDefaults() {
    PreprocessorConfig config = preprocessor("{}");
    assertEquals(1, config.resizeMode());
    assertEquals(224, config.resizeHeight());
    assertEquals(224, config.cropHeight());
    assertEquals(3, config.resample());
    assertEquals(1 / 255f, config.scale());
    assertEquals(0.48145466f, config.mean()[0]);
    config.checkMakes(224, Path.of("model"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"size\":64,\"crop_size\":64|1|64",
        "\"size\":{\"shortest_edge\":72},\"crop_size\":{\"height\":64,\"width\":64}|1|72",
        "\"size\":{\"height\":64,\"width\":64},\"do_center_crop\":false|2|64",
        "\"size\":[80,64],\"crop_size\":[64,64]|2|80",
        "\"do_resize\":false,\"crop_size\":64|0|0",
      })
  void sizesInEveryDialect(String fields, int mode, int height) {
    PreprocessorConfig config = preprocessor("{" + fields + "}");
    assertEquals(mode, config.resizeMode());
    assertEquals(height, config.resizeHeight());
    config.checkMakes(64, Path.of("model"));
  }

  @Test
  void stepsThatAreOff() {
    PreprocessorConfig config = preprocessor("{\"do_rescale\":false,\"do_normalize\":false}");
    assertEquals(1f, config.scale());
    assertArrayEquals(new float[3], config.mean());
    assertArrayEquals(new float[] {1, 1, 1}, config.std());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"size\":{\"longest_edge\":3}}",
        "{\"size\":{}}",
        "{\"crop_size\":{\"shortest_edge\":3}}",
        "{\"size\":{\"shortest_edge\":3,\"longest_edge\":9}}",
        "{\"image_processor_type\":\"ViTImageProcessor\"}",
      })
  void otherProcessorsAreUnsupported(String json) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> preprocessor(json));
    assertEquals(Kind.UNSUPPORTED, failure.kind());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"resample\":6}",
        "{\"image_std\":[1,0,1]}",
        "{\"rescale_factor\":0}",
        "{\"image_mean\":[1,1]}",
        "{\"image_mean\":[1,1,1,1]}",
        "{\"do_resize\":1}",
        "{\"size\":-5}",
        "{\"crop_size\":\"224\"}",
      })
  void malformedPreprocessorIsCorrupt(String json) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> preprocessor(json));
    assertEquals(Kind.CORRUPT, failure.kind());
  }

  @Test
  void whatGoesAroundTheCropGrowsWithIt() {
    PreprocessorConfig larger = preprocessor("{\"size\":256,\"crop_size\":224}").scaled(224, 336);
    assertEquals(384, larger.resizeHeight());
    larger.checkMakes(336, Path.of("model"));
    assertEquals(268, preprocessor("{\"size\":250}").scaled(224, 240).resizeHeight());
    preprocessor("{}", Family.SIGLIP).scaled(224, 200).checkMakes(200, Path.of("model"));
  }

  @Test
  void aPreprocessorThatMakesOtherSizes() {
    assertThrows(Clip4jException.class, () -> preprocessor("{}").checkMakes(336, Path.of("model")));
    assertThrows(
        Clip4jException.class,
        () -> preprocessor("{\"do_center_crop\":false}").checkMakes(224, Path.of("model")));
  }

  @Test
  void structsFillTheirSizes() {
    ByteBuffer config = ByteBuffer.allocate(ClipConfig.BYTES);
    config("{\"model_type\":\"clip\"}").write(config);
    assertEquals(0, config.remaining());
    ByteBuffer preprocessing = ByteBuffer.allocate(PreprocessorConfig.BYTES);
    ImageOptions options =
        ImageOptions.DEFAULT
            .withExifOrientation(true)
            .withBackground(0x123456)
            .withMaxPixels(1_000);
    preprocessor("{}").write(preprocessing, options);
    assertEquals(0, preprocessing.remaining());
    assertEquals(1, preprocessing.getInt(60));
    assertEquals(0x123456, preprocessing.getInt(64));
    assertEquals(15, preprocessing.getInt(68));
    assertEquals(20 << 20, preprocessing.getLong(72));
    assertEquals(1_000, preprocessing.getLong(80));
  }
}

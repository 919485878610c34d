package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SigLIP, and SigLIP 2 of one resolution; the rows are transformers' rows. */
class SiglipTest {
  private static final ImageSource LAST_PICTURE = ImageSource.of(TinyModel.file("lossless.webp"));
  private static final String LAST_TEXT = "very long ".repeat(40);

  @TempDir Path temp;

  private static Path resource(String name) {
    return TinyModel.resource("tiny-siglip/" + name);
  }

  /** A copy of a model's files, for a test to change. */
  private Path copy(String name) {
    return TinyModel.copy(resource(name), temp);
  }

  private Clip4jException failure() {
    return TinyModel.failure(temp);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pieces", "unigram", "gemma"})
  void rowsTokensAndProbability(String name) throws IOException {
    try (ClipModel model = ClipModel.load(resource(name))) {
      JsonObject expected = Reference.read(resource(name));
      Reference.assertSame(expected, model);
      assertEquals(Math.exp(2), model.logitScale(), 1e-5);
      assertEquals(OptionalDouble.of(-3.5), model.logitBias());
      assertTrue(model.tokenize(LAST_TEXT).truncated());
      double probability =
          ImageTextMatcher.builder(model)
              .build()
              .predictProba(
                  Map.of(
                      "query", Column.images(List.of(LAST_PICTURE)),
                      "response", Column.texts(List.of(LAST_TEXT))))[0];
      assertEquals(expected.get("probability").getAsDouble(), probability, 1e-6);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pieces", "unigram", "gemma"})
  void picturesOfAnotherSize(String name) throws IOException {
    int size;
    try (ClipModel model = ClipModel.load(resource(name))) {
      size = model.imageSize() + 20;
    }
    LoadOptions options = LoadOptions.DEFAULT.withImageSize(size);
    try (ClipModel model = ClipModel.load(resource(name), options)) {
      assertEquals(size, model.imageSize());
      JsonObject expected = Reference.read(resource(name));
      Reference.assertSame(expected.getAsJsonObject("at_another_size"), model);
    }
  }

  @Test
  void picturesTooSmallOrTooLarge() {
    for (int size : new int[] {7, 8192}) {
      LoadOptions options = LoadOptions.DEFAULT.withImageSize(size);
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> ClipModel.load(resource("pieces"), options));
      assertTrue(e.getMessage().contains("imageSize " + size), e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> LoadOptions.DEFAULT.withImageSize(-1));
  }

  /**
   * Each part is what a text of its own would be, padding included; half would be within a word.
   */
  @ParameterizedTest
  @CsvSource({"pieces, 'photo '", "unigram, ' photo'", "gemma, ' cat'"})
  void longTextsAreSplitBetweenWords(String name, String word) {
    try (ClipModel model = ClipModel.load(resource(name))) {
      int words = 1;
      while (!model.tokenize(word.repeat(words)).truncated()) {
        words += 2;
      }
      float[] first = model.embedText(word.repeat(words / 2));
      float[] second = model.embedText(word.repeat(words - words / 2));
      double square = 0;
      for (int i = 0; i < first.length; i++) {
        square += Math.pow((double) first[i] + second[i], 2);
      }
      TextReport[] report = new TextReport[1];
      try (Embeddings rows =
          model.embedTexts(
              List.of("a cat", word.repeat(words)), LongTexts.POOL, made -> report[0] = made)) {
        assertEquals(List.of(1), report[0].pooled());
        assertEquals(List.of(), report[0].truncated());
        assertArrayEquals(model.embedText("a cat"), rows.row(0));
        for (int i = 0; i < first.length; i++) {
          double expected = ((double) first[i] + second[i]) / Math.sqrt(square);
          assertEquals(expected, rows.row(1)[i], 1e-6);
        }
      }
    }
  }

  @Test
  void information() {
    try (ClipModel model = ClipModel.load(resource("pieces"))) {
      ModelInfo info = model.info();
      assertEquals("SigLIP", info.family());
      assertEquals("gelu_pytorch_tanh", info.text().tower().activation());
      assertEquals("the last, padding included", info.text().end());
      assertEquals("both sides", info.preprocessing().resize());
      assertEquals(Optional.of(-3.5f), info.logitBias());
      assertTrue(info.tokenizer().endsWith("spiece.model"), info.tokenizer());
      assertTrue(info.files().stream().map(ModelInfo.File::name).anyMatch("spiece.model"::equals));
      assertFalse(info.ignored().files().contains("spiece.model"));
      assertEquals(List.of(), info.ignored().tensors());
    }
  }

  @Test
  void labelsAreJudgedOneByOne() throws IOException {
    try (ClipModel model = ClipModel.load(resource("pieces"))) {
      ZeroShotClassifier classifier =
          ZeroShotClassifier.of(model, List.of(LAST_TEXT, "a cat"), List.of("{}"));
      double[] both = classifier.probabilities(model.embedImage(LAST_PICTURE));
      double expected = Reference.read(resource("pieces")).get("probability").getAsDouble();
      assertEquals(expected, both[0], 1e-6);
      assertTrue(both[0] + both[1] < 0.9, both[0] + " + " + both[1]);
    }
  }

  @Test
  void aFittedCalibrationComesFirst() throws IOException {
    Files.writeString(
        copy("pieces").resolve("calibration.json"),
        "{\"kind\":\"platt\",\"scale\":9,\"offset\":-2}");
    try (ClipModel model = ClipModel.load(temp)) {
      assertEquals(Optional.of(Probability.calibrated(9, -2)), model.calibration());
    }
  }

  @Test
  void clipHasNoLogitBias() {
    try (ClipModel model = TinyModel.load()) {
      assertEquals(OptionalDouble.empty(), model.logitBias());
    }
  }

  /** Gemma's tokenizer as Google's repositories of SigLIP 2 have it: it leaves capitals alone. */
  @Test
  void gemmasTokenizerIsMadeToReadLowerCase() throws IOException {
    Path tokenizer = copy("gemma").resolve("tokenizer.json");
    TinyModel.edit(
        tokenizer,
        json ->
            json.add(
                "normalizer",
                json.getAsJsonObject("normalizer").getAsJsonArray("normalizers").get(1)));
    Path config = temp.resolve("tokenizer_config.json");
    TinyModel.edit(config, json -> json.addProperty("tokenizer_class", "GemmaTokenizerFast"));
    try (ClipModel model = ClipModel.load(temp)) {
      Reference.assertSame(Reference.read(temp), model);
    }
    TinyModel.edit(config, json -> json.addProperty("do_lower_case", false));
    try (ClipModel model = ClipModel.load(temp)) {
      assertFalse(model.tokenize("THE CAT").equals(model.tokenize("the cat")));
    }
  }

  @Test
  void anEndThatIsSpelledOutIsTheEnd() {
    TinyModel.edit( // Where it also pads, one more end would look like padding.
        copy("pieces").resolve("tokenizer_config.json"),
        json -> json.addProperty("pad_token", "<unk>"));
    try (ClipModel model = ClipModel.load(temp)) {
      assertEquals(model.tokenize("cat"), model.tokenize("cat</s>"));
    }
  }

  @Test
  void userDefinedPieces() throws IOException {
    Path pieces = copy("pieces").resolve("spiece.model");
    byte[] bytes = Files.readAllBytes(pieces);
    // The second piece, </s>, whose message ends in its type: CONTROL to USER_DEFINED.
    assertEquals("</s>", new String(bytes, 20, 4, StandardCharsets.US_ASCII));
    assertEquals(3, bytes[30]);
    bytes[30] = 4;
    Files.write(pieces, bytes);
    assertEquals(Kind.UNSUPPORTED, failure().kind());
  }

  @Test
  void paddingIsWhereTheTokenizerPutsIt() throws IOException {
    Path config = copy("gemma").resolve("tokenizer_config.json");
    int[] left = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    TinyModel.edit(config, json -> json.addProperty("padding_side", "left"));
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(left, model.tokenize("").ids());
    }
    TinyModel.edit(config, json -> json.remove("padding_side"));
    TinyModel.edit(temp.resolve("tokenizer.json"), json -> json.remove("padding"));
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(left, model.tokenize("").ids(), "as Gemma's is by default");
    }
    TinyModel.edit(config, json -> json.addProperty("pad_token", "<bos>"));
    TinyModel.edit(config, json -> json.addProperty("padding_side", "right"));
    TinyModel.edit(config, json -> json.addProperty("model_max_length", 3));
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(new int[] {1, 2, 2}, model.tokenize("").ids());
    }
    TinyModel.edit(config, json -> json.addProperty("pad_token", "<nowhere>"));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void noTokenizer() throws IOException {
    Files.delete(copy("pieces").resolve("spiece.model"));
    Clip4jException failure = failure();
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains("spiece.model"), failure.getMessage());
  }

  @Test
  void otherModelsThatAreCalledSo() throws IOException {
    Path config = copy("pieces").resolve("config.json");
    String original = Files.readString(config);
    for (String[] change :
        new String[][] {
          {"\"siglip\"", "\"siglip2\""},
          {"\"vision_use_head\": true", "\"vision_use_head\": false"},
          {"siglip_text_model", "siglip2_text_model"},
          {"\"num_channels\": 3", "\"num_channels\": 4"}
        }) {
      Files.writeString(config, original.replace(change[0], change[1]));
      assertEquals(Kind.UNSUPPORTED, failure().kind(), change[1]);
    }
    Files.writeString(
        config, original.replace("\"projection_size\": 32", "\"projection_size\": 31"));
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void aTensorIsMissing() throws IOException {
    Path weights = copy("pieces").resolve("model.safetensors");
    SafetensorsFile.read(weights)
        .without("vision_model.head.attention.in_proj_bias")
        .write(weights);
    assertEquals(Kind.MISSING, failure().kind());
  }

  @Test
  void processorsOfOtherModels() throws IOException {
    Path processor = copy("pieces").resolve("preprocessor_config.json");
    TinyModel.edit(
        processor, json -> json.addProperty("image_processor_type", "Siglip2ImageProcessor"));
    assertEquals(Kind.UNSUPPORTED, failure().kind());
    TinyModel.edit(processor, json -> json.remove("image_processor_type"));
    try (ClipModel model = ClipModel.load(temp)) {
      Reference.assertSame(Reference.read(temp), model);
    }
  }
}

package io.github.clip4j;

import static io.github.clip4j.testing.Rows.dot;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Models with text towers like BERT's: Chinese-CLIP (words, json), whose rows are transformers'
 * rows, and OpenCLIP's of RoBERTa and XLM-R.
 */
class BertTest {
  @TempDir Path temp;

  private static Path resource(String name) {
    return TinyModel.resource("tiny-bert/" + name);
  }

  /** A copy of a model's files, for a test to change. */
  private Path copy(String name) {
    return TinyModel.copy(resource(name), temp);
  }

  private Clip4jException failure() {
    return TinyModel.failure(temp);
  }

  @ParameterizedTest
  @ValueSource(strings = {"words", "json", "xlm-roberta", "roberta"})
  void rowsAndTokens(String name) throws IOException {
    try (ClipModel model = ClipModel.load(resource(name))) {
      Reference.assertSame(Reference.read(resource(name)), model);
      assertEquals(Math.exp(2.5), model.logitScale(), 1e-4);
      assertEquals(List.of(), model.info().ignored().tensors());
    }
  }

  /** Each part is what a text of its own would be; half would be within a word. */
  @ParameterizedTest
  @CsvSource({"words, ' photo', ''", "xlm-roberta, ' photo', ''", "roberta, ',photo', ','"})
  void longTextsAreSplitBetweenWords(String name, String word, String mark) {
    try (ClipModel model = ClipModel.load(resource(name))) {
      int words = 1;
      while (!model.tokenize(word.repeat(words)).truncated()) {
        words += 2;
      }
      float[] first = model.embedText(word.repeat(words / 2) + mark);
      float[] second = model.embedText(word.repeat(words - words / 2).substring(mark.length()));
      double square = 0;
      for (int i = 0; i < first.length; i++) {
        square += Math.pow((double) first[i] + second[i], 2);
      }
      try (Embeddings rows =
          model.embedTexts(List.of(word.repeat(words)), LongTexts.POOL, made -> {})) {
        for (int i = 0; i < first.length; i++) {
          double expected = ((double) first[i] + second[i]) / Math.sqrt(square);
          assertEquals(expected, rows.row(0)[i], 1e-6);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "words, BF16, 0.9995",
    "words, INT8, 0.998",
    "roberta, BF16, 0.9995",
    "roberta, INT8, 0.998"
  })
  void precisions(String name, Precision precision, double least) {
    List<String> texts = List.of("a", "a cat", "a photo of a dog", "one very long cat");
    LoadOptions options = LoadOptions.DEFAULT.withPrecision(precision);
    try (ClipModel wide = ClipModel.load(resource(name));
        ClipModel narrow = ClipModel.load(resource(name), options);
        Embeddings expected = wide.embedTexts(texts);
        Embeddings rows = narrow.embedTexts(texts)) {
      assertEquals(precision, narrow.precision());
      for (int i = 0; i < texts.size(); i++) {
        double cosine = dot(rows.row(i), expected.row(i));
        assertTrue(cosine >= least, texts.get(i) + ": " + cosine);
        assertTrue(cosine < 1 - 1e-9, "as if it were FP32");
      }
    }
  }

  @Test
  void information() {
    try (ClipModel model = ClipModel.load(resource("words"))) {
      assertEquals("Chinese-CLIP", model.info().family());
      assertEquals("the first", model.info().text().end());
      assertEquals("both sides", model.info().preprocessing().resize());
      assertTrue(model.info().tokenizer().endsWith("vocab.txt"), model.info().tokenizer());
      assertEquals(20, model.info().text().tokens());
    }
    try (ClipModel model = ClipModel.load(resource("xlm-roberta"))) {
      assertEquals("CLIP with RoBERTa", model.info().family());
      assertEquals("the mean of all", model.info().text().end());
      assertEquals(77, model.info().text().tokens());
    }
  }

  /** What tokenizer_config.json says of the case, and of accents, which follow it. */
  @Test
  void theCaseOfAVocabulary() throws IOException {
    Path config = copy("words").resolve("tokenizer_config.json");
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(model.tokenize("the cafe").ids(), model.tokenize("The CAF\u00c9").ids());
    }
    Files.writeString(config, "{\"do_lower_case\":false}");
    int[] cased;
    try (ClipModel model = ClipModel.load(temp)) {
      cased = model.tokenize("The caf\u00e9").ids();
      assertEquals(4, cased.length);
    }
    Files.writeString(config, "{\"do_lower_case\":false,\"strip_accents\":true}");
    try (ClipModel model = ClipModel.load(temp)) {
      int[] plain = model.tokenize("The caf\u00e9").ids();
      assertEquals(cased[1], plain[1]);
      assertTrue(cased[2] != plain[2]);
    }
  }

  /** As with vocab.txt: transformers' class asks the configuration, and not the tokenizer. */
  @Test
  void theCaseOfATokenizer() throws IOException {
    Path config = copy("json").resolve("tokenizer_config.json");
    int[] mixed;
    try (ClipModel model = ClipModel.load(temp)) {
      mixed = model.tokenize("The CAFÉ").ids();
    }
    for (String lower : List.of("{\"do_lower_case\":true}", "{\"do_lower_case\":null}", "{}")) {
      Files.writeString(config, lower);
      try (ClipModel model = ClipModel.load(temp)) {
        int[] plain = model.tokenize("the cafe").ids();
        assertArrayEquals(plain, model.tokenize("The CAFÉ").ids());
        assertFalse(Arrays.equals(plain, mixed));
      }
    }
    Files.writeString(config, "{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}");
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(mixed, model.tokenize("The CAFÉ").ids());
    }
    Files.writeString(config, "{\"do_lower_case\":true,\"strip_accents\":false}");
    try (ClipModel model = ClipModel.load(temp)) {
      assertArrayEquals(model.tokenize("the café").ids(), model.tokenize("The CAFÉ").ids());
      assertFalse(
          Arrays.equals(model.tokenize("the cafe").ids(), model.tokenize("the café").ids()));
    }
  }

  /** Files from before 2021 do not say it. */
  @ParameterizedTest
  @ValueSource(strings = {"json", "xlm-roberta", "roberta"})
  void aTokenizerWithoutTheTypeOfItsModel(String name) throws IOException {
    TinyModel.edit(
        copy(name).resolve("tokenizer.json"), json -> json.getAsJsonObject("model").remove("type"));
    try (ClipModel model = ClipModel.load(temp)) {
      Reference.assertSame(Reference.read(resource(name)), model);
    }
    TinyModel.edit(
        temp.resolve("tokenizer.json"),
        json -> {
          for (String told : List.of("merges", "unk_id", "unk_token", "max_input_chars_per_word")) {
            json.getAsJsonObject("model").remove(told);
          }
          json.getAsJsonObject("model").add("vocab", new JsonObject());
        });
    String message = failure().getMessage();
    assertTrue(message.endsWith("tokenizer.json: its model has no type"), message);
  }

  /** OpenCLIP cleans texts before it gives them to these tokenizers. */
  @ParameterizedTest
  @ValueSource(strings = {"xlm-roberta", "roberta"})
  void whiteSpaceIsOneSpace(String name) {
    try (ClipModel model = ClipModel.load(resource(name))) {
      int[] plain = model.tokenize("a cat photo").ids();
      for (String text :
          List.of(" a cat photo", "a  cat photo", "a cat\nphoto\n", "a\u00a0cat\tphoto \u3000")) {
        assertArrayEquals(plain, model.tokenize(text).ids(), text);
      }
    }
  }

  @Test
  void aVocabularyThatBeginsWithAByteOrderMark() throws IOException {
    Path vocabulary = copy("words").resolve("vocab.txt");
    Files.writeString(vocabulary, "\ufeff" + Files.readString(vocabulary));
    try (ClipModel model = ClipModel.load(temp)) {
      Reference.assertSame(Reference.read(resource("words")), model);
    }
  }

  @Test
  void aVocabularyWithoutASpecialToken() throws IOException {
    Path vocabulary = copy("words").resolve("vocab.txt");
    Files.writeString(vocabulary, Files.readString(vocabulary).replace("[CLS]", "[NOT]"));
    Clip4jException failure = failure();
    assertEquals(Kind.CORRUPT, failure.kind());
    assertTrue(failure.getMessage().contains("cls_token [CLS]"), failure.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"words, vocab.txt", "json, tokenizer.json", "roberta, tokenizer.json"})
  void noTokenizer(String name, String file) throws IOException {
    Files.delete(copy(name).resolve(file));
    Clip4jException failure = failure();
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains(file), failure.getMessage());
  }

  /** The first token is what a text is read at. */
  @ParameterizedTest
  @ValueSource(strings = {"json", "xlm-roberta"})
  void aTokenizerThatAddsNoTokens(String name) throws IOException {
    TinyModel.edit(copy(name).resolve("tokenizer.json"), json -> json.remove("post_processor"));
    Clip4jException failure = failure();
    assertEquals(Kind.CORRUPT, failure.kind());
    assertTrue(failure.getMessage().contains("of an empty text"), failure.getMessage());
  }

  @Test
  void aTensorIsMissing() throws IOException {
    Path weights = copy("words").resolve("model.safetensors");
    SafetensorsFile.read(weights)
        .without("text_model.encoder.layer.1.output.LayerNorm.bias")
        .write(weights);
    Clip4jException failure = failure();
    assertEquals(Kind.MISSING, failure.kind());
    assertTrue(failure.getMessage().contains("final_layer_norm.bias"), failure.getMessage());
  }

  @Test
  void sizesThatTheWeightsDoNotSay() throws IOException {
    Path weights = copy("roberta").resolve("open_clip_model.safetensors");
    String layer = "text.transformer.encoder.layer.0.intermediate.dense.weight";
    SafetensorsFile.read(weights).without(layer).write(weights);
    Clip4jException failure = failure();
    assertEquals(Kind.CORRUPT, failure.kind());
    assertTrue(failure.getMessage().contains(layer), failure.getMessage());
  }

  /** The table of positions has 40 rows, the first two of which are no text's. */
  @Test
  void textsLongerThanThePositions() throws IOException {
    Path config = copy("roberta").resolve("open_clip_config.json");
    String original = Files.readString(config);
    Files.writeString(config, original.replace("\"context_length\": 20", "\"context_length\": 38"));
    ClipModel.load(temp).close();
    Files.writeString(config, original.replace("\"context_length\": 20", "\"context_length\": 39"));
    Clip4jException failure = failure();
    assertEquals(Kind.CORRUPT, failure.kind());
    assertTrue(failure.getMessage().contains("[40, 128]"), failure.getMessage());
  }

  /** As a tower of which another token is read has it. */
  @Test
  void aTensorThatRobertaHasNot() throws IOException {
    Path weights = copy("roberta").resolve("open_clip_model.safetensors");
    SafetensorsFile.read(weights)
        .copy("text.transformer.embeddings.LayerNorm.bias", "text.transformer.pooler.dense.bias")
        .write(weights);
    assertEquals(Kind.UNSUPPORTED, failure().kind());
  }
}

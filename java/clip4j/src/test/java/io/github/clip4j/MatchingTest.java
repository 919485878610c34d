package io.github.clip4j;

import static io.github.clip4j.testing.Rows.dot;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.SearchRequest;
import io.github.clip4j.search.Similarity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MatchingTest extends WithTinyModel {
  private static final ImageSource PHOTO = ImageSource.of(TinyModel.file("photo.jpg"));
  private static final ImageSource MISSING = ImageSource.of(Path.of("/none.png"));

  @Test
  void referenceIsHalfOfCosinePlusOne() {
    ImageTextMatcher matcher =
        ImageTextMatcher.builder(model)
            .query("abc")
            .response("xyz")
            .probability(Probability.reference())
            .build();
    Map<String, Column> columns =
        Map.of(
            "abc", Column.images(TinyModel.picture(), PHOTO),
            "xyz", Column.texts("the cat", "a photo"),
            "unused", Column.texts("x"));
    double[] probabilities = matcher.predictProba(columns);
    boolean[] predictions = matcher.predict(columns);
    double cosine = dot(model.embedImage(PHOTO), model.embedText("a photo"));
    assertEquals(0.5 * (cosine + 1), probabilities[1], 1e-6);
    assertEquals(cosine > 0, predictions[1]);
    assertEquals(2, probabilities.length);
  }

  @Test
  void aCosineIsThatOfSearchAndNotTheProductOfRoundedRows() {
    List<String> texts = List.of("the cat", "a photo", "of", "cat the", "the of a cat", "photo");
    ImageTextMatcher matcher =
        ImageTextMatcher.builder(model).probability(Probability.reference()).build();
    Column column = Column.texts(texts);
    for (Match same : matcher.match(Map.of("query", column, "response", column)).orThrow()) {
      assertEquals(1, same.cosine(), 1e-14);
    }
    try (SemanticSearch search = SemanticSearch.ofTexts(model, texts)) {
      Hits hits = search.searchImages(List.of(PHOTO), texts.size());
      Column photos = Column.images(Collections.nCopies(texts.size(), PHOTO));
      List<Match> matches = matcher.match(Map.of("query", photos, "response", column)).orThrow();
      for (Hits.Hit hit : hits.of(0)) {
        assertEquals(hit.score(), matches.get(hit.row()).cosine(), 1e-14);
      }
    }
  }

  /** Though rounding takes some cosines beyond. */
  @Test
  void aProbabilityIsAtMostOne() {
    Column texts = Column.texts(IntStream.range(0, 200).mapToObj(i -> "cat " + i).toList());
    List<Match> same =
        ImageTextMatcher.builder(model)
            .probability(Probability.reference())
            .build()
            .match(Map.of("query", texts, "response", texts))
            .orThrow();
    assertTrue(same.stream().anyMatch(match -> 0.5 * (match.cosine() + 1) > 1), "none is beyond");
    assertTrue(same.stream().allMatch(match -> match.probability() <= 1), same.toString());
  }

  @Test
  void contrastiveIsASoftmaxWithTheModelsScale() {
    List<String> negatives = List.of("the", "of");
    ImageTextMatcher matcher =
        ImageTextMatcher.builder(model).probability(Probability.contrastive(negatives)).build();
    float[] image = model.embedImage(PHOTO);
    double own = Math.exp(model.logitScale() * dot(image, model.embedText("cat")));
    double all = own;
    for (String negative : negatives) {
      all += Math.exp(model.logitScale() * dot(image, model.embedText(negative)));
    }
    double[] imageFirst =
        matcher.predictProba(
            Map.of("query", Column.images(PHOTO), "response", Column.texts("cat")));
    double[] textFirst =
        matcher.predictProba(
            Map.of("query", Column.texts("cat"), "response", Column.images(PHOTO)));
    assertEquals(own / all, imageFirst[0], 1e-4);
    assertEquals(imageFirst[0], textFirst[0], 1e-6);
  }

  /** Whether the labels are all that there is, or those of the others. */
  @Test
  void aPairsOwnTextIsNoAlternativeToItself() {
    List<String> labels = List.of("cat", "the", "of", "the");
    ImageTextMatcher all =
        ImageTextMatcher.builder(model).probability(Probability.contrastive(labels)).build();
    ImageTextMatcher others =
        ImageTextMatcher.builder(model)
            .probability(Probability.contrastive(List.of("the", "of")))
            .build();
    for (String own : List.of("cat", "CAT", " cat ")) {
      Map<String, Column> pair =
          Map.of("query", Column.images(PHOTO), "response", Column.texts(own));
      assertEquals(others.predictProba(pair)[0], all.predictProba(pair)[0], 1e-9, own);
      Map<String, Column> turned =
          Map.of("query", Column.texts(own), "response", Column.images(PHOTO));
      assertEquals(others.predictProba(pair)[0], all.predictProba(turned)[0], 1e-9, own);
    }
  }

  @Test
  void aContrastSetOfThePairsOwnTextAlone() {
    ImageTextMatcher matcher =
        ImageTextMatcher.builder(model)
            .probability(Probability.contrastive(List.of("cat")))
            .build();
    Map<String, Column> pairs =
        Map.of("query", Column.images(PHOTO, PHOTO), "response", Column.texts("the", "CAT"));
    assertEquals(
        "pair 1: the contrast set has nothing but the pair's own text",
        assertThrows(IllegalArgumentException.class, () -> matcher.match(pairs)).getMessage());
  }

  @Test
  void aCalibrationOfOnesOwnIsForAnyPair() {
    Map<String, Column> texts =
        Map.of("query", Column.texts("cat"), "response", Column.texts("the cat"));
    Match match =
        ImageTextMatcher.builder(model)
            .probability(Probability.calibrated(3, -1))
            .build()
            .match(texts)
            .orThrow()
            .get(0);
    assertEquals(1 / (1 + Math.exp(1 - 3 * match.cosine())), match.probability(), 1e-12);
  }

  @Test
  void aModelsOwnCalibrationIsTheDefault(@TempDir Path folder) throws IOException {
    TinyModel.copyTo(folder);
    Files.writeString(
        folder.resolve("calibration.json"),
        "{\"kind\": \"platt\", \"scale\": 9.5, \"offset\": -2}");
    Map<String, Column> columns =
        Map.of("query", Column.images(PHOTO), "response", Column.texts("cat"));
    try (ClipModel calibrated = ClipModel.load(folder)) {
      Match match = ImageTextMatcher.builder(calibrated).build().match(columns).orThrow().get(0);
      double expected = 1 / (1 + Math.exp(2 - 9.5 * match.cosine()));
      assertEquals(expected, match.probability(), 1e-12);
      assertEquals(expected > 0.5, match.match());
      assertEquals(Optional.of(Probability.calibrated(9.5, -2)), calibrated.calibration());
    }
    assertEquals(Optional.empty(), model.calibration());
    for (String wrong :
        List.of(
            "{\"kind\": \"isotonic\", \"scale\": 1}",
            "{\"kind\": \"platt\"}",
            "{\"kind\": \"platt\", \"scale\": -1}",
            "{\"kind\": \"platt\", \"scale\": 1, \"offset\": \"no\"}")) {
      Files.writeString(folder.resolve("calibration.json"), wrong);
      Clip4jException e = assertThrows(Clip4jException.class, () -> ClipModel.load(folder).close());
      assertTrue(e.getMessage().contains("calibration.json"), e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> Probability.calibrated(0, 1));
    assertThrows(IllegalArgumentException.class, () -> Probability.calibrated(1, Double.NaN));
  }

  @Test
  void theDefaultDoesNotCallAnUnrelatedPairAMatch() {
    ImageTextMatcher matcher = ImageTextMatcher.builder(model).build();
    Match match =
        matcher
            .match(Map.of("query", Column.images(PHOTO), "response", Column.texts("an object")))
            .orThrow()
            .get(0);
    assertTrue(match.probability() <= 0.5, "a text of the contrast set itself gets at most half");
    assertFalse(match.match());
  }

  @Test
  void thresholdsAndEveryModality() {
    ImageTextMatcher strict =
        ImageTextMatcher.builder(model)
            .probability(Probability.reference())
            .threshold(0.999)
            .build();
    Map<String, Column> texts =
        Map.of("query", Column.texts("cat", "cat"), "response", Column.texts("cat", "of"));
    boolean[] same = strict.predict(texts);
    assertTrue(same[0]);
    assertFalse(same[1]);
    double[] probabilities = strict.predictProba(texts);
    ImageTextMatcher exact =
        ImageTextMatcher.builder(model)
            .probability(Probability.reference())
            .threshold(probabilities[1])
            .build();
    assertFalse(exact.predict(texts)[1], "a match is above the threshold");
    assertTrue(
        strict.predict(Map.of("query", Column.images(PHOTO), "response", Column.images(PHOTO)))[0]);
    ImageTextMatcher contrastive = ImageTextMatcher.builder(model).build();
    assertThrows(IllegalArgumentException.class, () -> contrastive.match(texts));
  }

  @Test
  void oneBadPictureIsOneFailure() {
    ImageTextMatcher matcher = ImageTextMatcher.builder(model).build();
    Map<String, Column> columns =
        Map.of(
            "query", Column.texts("a", "b", "c", "d"),
            "response", Column.images(PHOTO, MISSING, PHOTO, MISSING));
    Matches matches = matcher.match(columns);
    assertEquals(List.of(0, 2), matches.matches().stream().map(Match::pair).toList());
    assertEquals(List.of(1, 3), matches.failures().stream().map(ImageFailure::input).toList());
    ImageTextMatcher pictures =
        ImageTextMatcher.builder(model).probability(Probability.reference()).build();
    Matches both =
        pictures.match(
            Map.of(
                "query", Column.images(PHOTO, PHOTO, MISSING),
                "response", Column.images(MISSING, PHOTO, PHOTO)));
    assertEquals(List.of(1), both.matches().stream().map(Match::pair).toList());
    assertEquals(List.of(0, 2), both.failures().stream().map(ImageFailure::input).toList());
    assertThrows(Clip4jException.class, () -> matcher.predict(columns));
    assertThrows(Clip4jException.class, () -> matcher.predictProba(columns));
  }

  @Test
  void wrongColumns() {
    ImageTextMatcher matcher = ImageTextMatcher.builder(model).build();
    Column one = Column.texts("a");
    Column two = Column.images(PHOTO, PHOTO);
    assertThrows(IllegalArgumentException.class, () -> matcher.match(Map.of("query", one)));
    assertThrows(
        IllegalArgumentException.class, () -> matcher.match(Map.of("query", one, "response", two)));
    assertThrows(IllegalArgumentException.class, Column::texts);
    NullPointerException missing =
        assertThrows(NullPointerException.class, () -> Column.texts("a", null));
    assertEquals("column value 1 is null", missing.getMessage());
    List<String> linked =
        new LinkedList<>(List.of("a", "b")) {
          @Override
          public String get(int index) {
            throw new AssertionError("element after element, a linked list takes quadratic time");
          }
        };
    assertEquals(Column.texts("a", "b"), Column.texts(linked));
    assertThrows(
        IllegalArgumentException.class,
        () -> ImageTextMatcher.builder(model).query("x").response("x").build());
    assertThrows(
        IllegalArgumentException.class, () -> ImageTextMatcher.builder(model).threshold(1.5));
    assertThrows(IllegalArgumentException.class, () -> Probability.contrastive(List.of()));
  }

  @Test
  void searchInEveryDirection() {
    List<String> texts = List.of("the cat", "a photo of", "very long");
    List<ImageSource> images = List.of(TinyModel.picture(), PHOTO);
    try (SemanticSearch search = SemanticSearch.ofTexts(model, texts);
        Embeddings queries = model.embedImages(images).orThrow()) {
      assertEquals(1, search.searchTexts(List.of("a photo of"), 2).row(0, 0));
      Hits byRows = search.search(queries, SearchRequest.top(3).withSimilarity(Similarity.DOT));
      assertEquals(search.search(queries, 3).of(0), search.searchImages(images, 3).of(0));
      Hits byImages = search.searchImages(images, 3);
      assertEquals(byRows.row(1, 0), byImages.row(1, 0));
      double cosine = dot(model.embedImage(PHOTO), model.embedText(texts.get(byImages.row(1, 0))));
      assertEquals(cosine, byImages.score(1, 0), 1e-6);
    }
    try (SemanticSearch search = SemanticSearch.ofImages(model, images)) {
      assertEquals(1, search.searchImages(List.of(PHOTO), 1).row(0, 0));
    }
    assertThrows(
        Clip4jException.class, () -> SemanticSearch.ofImages(model, List.of(PHOTO, MISSING)));
    try (Embeddings others = Embeddings.copyOf(new float[3], 3)) {
      assertThrows(IllegalArgumentException.class, () -> SemanticSearch.of(model, others));
    }
  }
}

package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Column;
import io.github.clip4j.ImageSource;
import io.github.clip4j.ImageTextMatcher;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Precision;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What the model card claims, on a small fixed subset: the demo's pictures. A model that was cut
 * off, mixed up or loaded wrongly answers no better than chance, which is 1 in 150.
 */
class ShippedModelTest {
  private static final DemoPictures DEMO = DemoPictures.load();
  private static ClipModel model;

  @BeforeAll
  static void load() {
    model = ClipModel.loadDefault();
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static List<ImageSource> sources(List<DemoPictures.Picture> pictures) {
    return pictures.stream().map(picture -> ImageSource.of(picture.bytes())).toList();
  }

  @Test
  void picturesFindTheirNames() {
    List<DemoPictures.Picture> singles = DEMO.singles();
    List<String> names = singles.stream().map(DemoPictures.Picture::title).distinct().toList();
    int first = 0;
    int amongFive = 0;
    try (Embeddings pictures = model.embedImages(sources(singles)).orThrow();
        Embeddings texts = model.embedTexts(names);
        EmbeddingIndex index = EmbeddingIndex.of(texts)) {
      Hits hits = index.search(pictures, 5);
      for (int i = 0; i < singles.size(); i++) {
        int right = names.indexOf(singles.get(i).title());
        first += hits.row(i, 0) == right ? 1 : 0;
        amongFive += hits.of(i).stream().anyMatch(hit -> hit.row() == right) ? 1 : 0;
      }
    }
    assertTrue(first >= 0.8 * singles.size(), first + " of " + singles.size() + " first");
    assertTrue(amongFive >= 0.95 * singles.size(), amongFive + " of " + singles.size() + " in 5");
  }

  @Test
  void matchSaysYesToPairsAndNoToOthers() {
    List<DemoPictures.Picture> singles = DEMO.singles();
    List<String> names = singles.stream().map(DemoPictures.Picture::title).toList();
    List<String> others = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      int other = i + 57;
      while (names.get(other % names.size()).equals(names.get(i))) {
        other++;
      }
      others.add(names.get(other % names.size()));
    }
    double[] right = probabilities(sources(singles), names);
    double[] wrong = probabilities(sources(singles), others);
    assertTrue(share(right, 0.5) >= 0.95, "pairs that match: " + share(right, 0.5));
    assertTrue(share(wrong, 0.5) <= 0.1, "pairs that do not: " + share(wrong, 0.5));
    double tenth = Arrays.stream(right).sorted().toArray()[right.length / 10];
    assertTrue(share(wrong, tenth) <= 0.02, "at 90% recall: " + share(wrong, tenth));
  }

  private static double[] probabilities(List<ImageSource> images, List<String> texts) {
    return ImageTextMatcher.builder(model)
        .build()
        .predictProba(Map.of("query", Column.images(images), "response", Column.texts(texts)));
  }

  private static double share(double[] probabilities, double above) {
    return (double) Arrays.stream(probabilities).filter(p -> p > above).count()
        / probabilities.length;
  }

  /** The promise of {@link Precision#INT8}: nearly the same ten pictures for every name. */
  @Test
  void eightBitsFindTheSamePictures() {
    List<DemoPictures.Picture> singles = DEMO.singles();
    List<String> names = singles.stream().map(DemoPictures.Picture::title).distinct().toList();
    try (ClipModel narrow =
            ClipModel.loadDefault(LoadOptions.DEFAULT.withPrecision(Precision.INT8));
        Embeddings pictures = model.embedImages(sources(singles)).orThrow();
        Embeddings narrowPictures = narrow.embedImages(sources(singles)).orThrow();
        Embeddings texts = model.embedTexts(names);
        Embeddings narrowTexts = narrow.embedTexts(names);
        EmbeddingIndex index = EmbeddingIndex.of(pictures);
        EmbeddingIndex narrowIndex = EmbeddingIndex.of(narrowPictures)) {
      Hits hits = index.search(texts, 10);
      Hits narrowHits = narrowIndex.search(narrowTexts, 10);
      int shared = 0;
      for (int i = 0; i < names.size(); i++) {
        Set<Integer> rows = hits.of(i).stream().map(hit -> hit.row()).collect(Collectors.toSet());
        shared += narrowHits.of(i).stream().filter(hit -> rows.contains(hit.row())).count();
      }
      assertTrue(shared >= 0.9 * 10 * names.size(), shared + " of " + 10 * names.size());
    }
  }

  @Test
  void relationsAreTold() {
    List<String> texts = List.of("an airplane over a car", "a car over an airplane");
    DemoPictures.Picture scene =
        DEMO.scenes().stream().filter(s -> s.file().equals("airplane-car.png")).findFirst().get();
    try (Embeddings names = model.embedTexts(texts);
        EmbeddingIndex index = EmbeddingIndex.of(names)) {
      Hits hits = index.search(model.embedImage(ImageSource.of(scene.bytes())), 2);
      assertTrue(hits.row(0, 0) == 0, hits.of(0).toString());
    }
  }
}

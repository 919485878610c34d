package io.github.clip4j.benchmarks;

import io.github.clip4j.BatchingEncoder;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageFailure;
import io.github.clip4j.ImageSource;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What the soak does, in every way there is, and what comes of each item alone. */
final class SoakItems {
  private static final int TEXTS = 40;
  private static final int ROWS = 5000;
  private static final int K = 10;
  private static final double TOLERANCE = 1e-6; // of an embedding's values and of scores

  /** Numbers, or an exception. */
  private record Outcome(float[] values, Throwable failure) {
    static Outcome of(Callable<float[]> work) {
      try {
        return new Outcome(work.call(), null);
      } catch (ExecutionException e) {
        return new Outcome(null, e.getCause());
      } catch (Exception e) {
        return new Outcome(null, e);
      }
    }

    /** Where a call names the item by its index, the message is longer. */
    boolean isLike(Outcome alone, double tolerance) {
      if (failure == null && alone.failure == null) {
        return distance(values, alone.values) <= tolerance;
      }
      return failure != null
          && alone.failure != null
          && failure.getClass() == alone.failure.getClass()
          && alone.failure.getMessage().endsWith(failure.getMessage());
    }

    private static double distance(float[] a, float[] b) {
      double distance = a.length == b.length ? 0 : Double.POSITIVE_INFINITY;
      for (int i = 0; i < Math.min(a.length, b.length); i++) {
        distance = Math.max(distance, Math.abs(a[i] - b[i]));
      }
      return distance;
    }

    @Override
    public String toString() {
      return failure == null ? values.length + " numbers" : failure.toString();
    }
  }

  private record Item(String name, List<Callable<float[]>> ways, Outcome alone) {}

  private final ClipModel model;
  private final EmbeddingIndex index;
  private final BatchingEncoder encoder;
  private final List<Item> good = new ArrayList<>();
  private final List<Item> bad = new ArrayList<>();

  SoakItems(ClipModel model, EmbeddingIndex index, BatchingEncoder encoder, SoakPictures pictures) {
    this.model = model;
    this.index = index;
    this.encoder = encoder;
    ImageSource badNeighbour = pictures.bad().get(0);
    ImageSource goodNeighbour = pictures.good().get(0);
    for (ImageSource picture : pictures.good()) {
      addPicture(good, picture, badNeighbour);
    }
    for (ImageSource picture : pictures.bad()) {
      addPicture(bad, picture, goodNeighbour);
    }
    for (int i = 1; i <= TEXTS; i++) {
      String text = "a picture of " + i + " cats" + " on the red tree".repeat(i % 5);
      addText(good, text);
      addSearch(good, text, model.embedText(text), K);
    }
    addText(bad, "half a pair \ud83d");
    bad.add(item("null", List.of(() -> values(model.embedTexts((String) null)))));
    addSearch(bad, "too short", new float[model.dimension() - 1], K);
    float[] notANumber = model.embedText("a cat");
    notANumber[1] = Float.NaN;
    addSearch(bad, "not a number", notANumber, K);
    addSearch(bad, "no hits", model.embedText("a cat"), 0);
    checkDifferent();
  }

  /** Random rows to search. */
  static EmbeddingIndex index(int dimension) {
    try (Embeddings rows = RandomRows.of(7, ROWS, dimension)) {
      return EmbeddingIndex.of(rows);
    }
  }

  private void addPicture(List<Item> to, ImageSource picture, ImageSource neighbour) {
    to.add(
        item(
            picture.describe(),
            List.of(
                () -> model.embedImage(picture),
                () -> soon(encoder.embedImage(picture)),
                () -> among(picture, neighbour))));
  }

  private void addText(List<Item> to, String text) {
    to.add(item(text, List.of(() -> model.embedText(text), () -> soon(encoder.embedText(text)))));
  }

  private void addSearch(List<Item> to, String name, float[] query, int k) {
    to.add(item("search for " + name, List.of(() -> values(index.search(query, k)))));
  }

  /** The first way, now and alone, says what must come of all. */
  private static Item item(String name, List<Callable<float[]>> ways) {
    return new Item(name, ways, Outcome.of(ways.get(0)));
  }

  private static float[] soon(CompletableFuture<float[]> result) throws Exception {
    return result.get(2, TimeUnit.MINUTES);
  }

  /** The picture's row in a batch, where one of the two is bad and the other is not. */
  private float[] among(ImageSource picture, ImageSource neighbour) {
    try (ImageEmbeddings both = model.embedImages(neighbour, picture, neighbour)) {
      for (ImageFailure failure : both.failures()) {
        if (failure.input() == 1) {
          throw failure.toException();
        }
      }
      if (both.embeddings().rows() != 1 || both.input(0) != 1) {
        throw new IllegalStateException(
            "of three pictures these are rows: " + both.inputs().length);
      }
      return both.embeddings().row(0);
    }
  }

  private static float[] values(Embeddings rows) {
    try (rows) {
      return rows.toArray();
    }
  }

  private static float[] values(Hits hits) {
    float[] values = new float[2 * hits.count()];
    for (int i = 0; i < hits.count(); i++) {
      values[2 * i] = hits.row(0, i);
      values[2 * i + 1] = (float) hits.score(0, i);
    }
    return values;
  }

  /** A swap of any two must show; and bad items must be bad, good ones good. */
  private void checkDifferent() {
    for (int i = 0; i < good.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (good.get(i).alone.isLike(good.get(j).alone, 100 * TOLERANCE)) {
          throw new IllegalStateException(
              good.get(i).name + " is too much like " + good.get(j).name);
        }
      }
    }
    Stream.concat(good.stream(), bad.stream())
        .filter(item -> (item.alone.failure != null) != bad.contains(item))
        .findAny()
        .ifPresent(
            item -> {
              throw new IllegalStateException(item.name + " alone: " + item.alone);
            });
  }

  /**
   * Does one item in one way, by chance; AssertionError where its outcome is another than alone.
   */
  void check(boolean wrong, SplittableRandom random) {
    List<Item> items = wrong ? bad : good;
    Item item = items.get(random.nextInt(items.size()));
    int way = random.nextInt(item.ways.size());
    Outcome outcome = Outcome.of(item.ways.get(way));
    if (!outcome.isLike(item.alone, TOLERANCE)) {
      throw new AssertionError(
          "%s, way %d: %s, but alone %s".formatted(item.name, way, outcome, item.alone),
          outcome.failure);
    }
  }
}

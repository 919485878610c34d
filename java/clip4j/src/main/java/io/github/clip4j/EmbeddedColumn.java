package io.github.clip4j;

import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rows of a column; a value that occurs more than once (a picture with several captions) is
 * embedded once.
 */
final class EmbeddedColumn {
  private final double[][] rows;
  private final List<ImageFailure> failures = new ArrayList<>();

  private EmbeddedColumn(int size) {
    rows = new double[size][];
  }

  static EmbeddedColumn of(ClipModel model, Column column) {
    EmbeddedColumn embedded = new EmbeddedColumn(column.size());
    if (column instanceof Column.Images images) {
      embedded.embedImages(model, places(images.values()));
    } else {
      embedded.embedTexts(model, places(((Column.Texts) column).values()));
    }
    return embedded;
  }

  /** Null where the picture failed. */
  double[] row(int i) {
    return rows[i];
  }

  List<ImageFailure> failures() {
    return failures;
  }

  private static <T> Map<T, List<Integer>> places(List<T> values) {
    Map<T, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      places.computeIfAbsent(values.get(i), value -> new ArrayList<>()).add(i);
    }
    return places;
  }

  private void embedTexts(ClipModel model, Map<String, List<Integer>> places) {
    try (Embeddings embeddings = model.embedTexts(List.copyOf(places.keySet()))) {
      int row = 0;
      for (List<Integer> same : places.values()) {
        put(same, embeddings.row(row++));
      }
    }
  }

  private void embedImages(ClipModel model, Map<ImageSource, List<Integer>> places) {
    List<List<Integer>> same = List.copyOf(places.values());
    try (ImageEmbeddings images = model.embedImages(List.copyOf(places.keySet()))) {
      for (int row = 0; row < images.embeddings().rows(); row++) {
        put(same.get(images.input(row)), images.embeddings().row(row));
      }
      for (ImageFailure failure : images.failures()) {
        for (int i : same.get(failure.input())) {
          failures.add(new ImageFailure(i, failure.source(), failure.kind(), failure.message()));
        }
      }
    }
  }

  private void put(List<Integer> places, float[] row) {
    for (int i : places) {
      rows[i] = doubles(row);
    }
  }

  /** Exact; products of two such numbers are exact too. */
  static double[] doubles(float[] row) {
    double[] doubles = new double[row.length];
    for (int i = 0; i < row.length; i++) {
      doubles[i] = row[i];
    }
    return doubles;
  }
}

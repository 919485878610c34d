package io.github.clip4j;

import io.github.clip4j.internal.Vectors;
import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rows of a column; a picture that occurs more than once (with several captions) is embedded
 * once, as texts are anyway.
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
      embedded.embedImages(model, images.values());
    } else {
      embedded.embedTexts(model, ((Column.Texts) column).values());
    }
    return embedded;
  }

  /** Null where the picture failed. */
  double[] row(int i) {
    return rows[i];
  }

  /** All of them. */
  double[][] rows() {
    return rows;
  }

  List<ImageFailure> failures() {
    return failures;
  }

  private void embedTexts(ClipModel model, List<String> texts) {
    try (Embeddings embeddings = model.embedTexts(texts)) {
      for (int row = 0; row < rows.length; row++) {
        rows[row] = Vectors.unit(embeddings, row);
      }
    }
  }

  private void embedImages(ClipModel model, List<ImageSource> sources) {
    Map<ImageSource, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < sources.size(); i++) {
      places.computeIfAbsent(sources.get(i), source -> new ArrayList<>()).add(i);
    }
    List<List<Integer>> same = List.copyOf(places.values());
    try (ImageEmbeddings images = model.embedImages(List.copyOf(places.keySet()))) {
      for (int row = 0; row < images.embeddings().rows(); row++) {
        double[] unit = Vectors.unit(images.embeddings(), row);
        for (int i : same.get(images.input(row))) {
          rows[i] = unit;
        }
      }
      for (ImageFailure failure : images.failures()) {
        for (int i : same.get(failure.input())) {
          failures.add(new ImageFailure(i, failure.source(), failure.kind(), failure.message()));
        }
      }
    }
  }
}

package io.github.clip4j;

import io.github.clip4j.internal.Vectors;
import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Classifies pictures into labels that were not known in training. A label is put into each prompt
 * template; the mean of the prompts' embeddings, at length 1, is the label's embedding (prompt
 * ensembling, Radford et al. 2021, section 3.1.4). Probabilities are a softmax over a picture's
 * cosines with the labels times the model's {@link ClipModel#logitScale}: they add up to 1, also
 * where no label fits. Where the model has a {@link ClipModel#logitBias} they are its sigmoids, of
 * each label by itself: several may fit, or none.
 *
 * <p>The labels are embedded once. Safe from any thread. The model is borrowed; where it is closed,
 * what takes {@linkplain #probabilities embeddings} still works.
 */
public final class ZeroShotClassifier {
  private static final String PLACE = "{}";
  private static final int PROMPTS_PER_CALL = 256;

  private final ClipModel model;
  private final List<String> labels;
  private final double[][] rows;

  private ZeroShotClassifier(ClipModel model, List<String> labels, double[][] rows) {
    this.model = model;
    this.labels = labels;
    this.rows = rows;
  }

  /**
   * A classifier.
   *
   * @param labels at least one, all different
   * @param templates at least one, each with <code>{}</code> where the label goes: <code>
   *     "a photo of a {}."</code>
   * @throws IllegalArgumentException where a list is empty, a label occurs twice or a template has
   *     no place for it
   */
  public static ZeroShotClassifier of(
      ClipModel model, List<String> labels, List<String> templates) {
    labels = List.copyOf(labels);
    templates = List.copyOf(templates);
    check(labels, templates);
    double[][] rows = new double[labels.size()][];
    int step = Math.max(1, PROMPTS_PER_CALL / templates.size());
    for (int first = 0; first < rows.length; first += step) {
      int count = Math.min(step, rows.length - first);
      List<String> prompts = new ArrayList<>(count * templates.size());
      for (String label : labels.subList(first, first + count)) {
        templates.forEach(template -> prompts.add(template.replace(PLACE, label)));
      }
      try (Embeddings embedded = model.embedTexts(prompts)) {
        for (int i = 0; i < count; i++) {
          int from = i * templates.size();
          rows[first + i] = Vectors.unitMean(embedded, from, from + templates.size());
        }
      }
    }
    return new ZeroShotClassifier(model, labels, rows);
  }

  private static void check(List<String> labels, List<String> templates) {
    if (labels.isEmpty() || templates.isEmpty()) {
      throw new IllegalArgumentException((labels.isEmpty() ? "labels" : "templates") + " is empty");
    }
    Set<String> seen = new HashSet<>();
    for (String label : labels) {
      if (!seen.add(label)) {
        throw new IllegalArgumentException("the label \"" + label + "\" occurs twice");
      }
    }
    for (String template : templates) {
      if (!template.contains(PLACE)) {
        throw new IllegalArgumentException(
            "the template \"" + template + "\" has no " + PLACE + " where the label goes");
      }
    }
  }

  /** The labels, in the order in which they were given. */
  public List<String> labels() {
    return labels;
  }

  /**
   * The probability of each label, in their order.
   *
   * @param image a picture's embedding by the same model, for instance a result of a {@link
   *     BatchingEncoder}, or the sum of several; its direction alone counts
   * @throws IllegalArgumentException where it has not {@link ClipModel#dimension} values, one of
   *     them is not finite, or all are 0
   */
  public double[] probabilities(float[] image) {
    if (image.length != model.dimension()) {
      throw new IllegalArgumentException(
          "image has %d values, an embedding of the model %d"
              .formatted(image.length, model.dimension()));
    }
    double[] row = Vectors.doubles(image);
    double square = Vectors.dot(row, row);
    if (!Double.isFinite(square) || square == 0) {
      throw new IllegalArgumentException(
          square == 0
              ? "image is zero: it has no direction"
              : "image has a value that is not finite");
    }
    Vectors.scaleToUnit(row);
    double[] result = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      result[i] = model.logitScale() * Vectors.dot(row, rows[i]);
    }
    if (model.logitBias().isPresent()) {
      double bias = model.logitBias().getAsDouble();
      return Arrays.stream(result).map(logit -> 1 / (1 + Math.exp(-(logit + bias)))).toArray();
    }
    double largest = Arrays.stream(result).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < rows.length; i++) {
      result[i] = Math.exp(result[i] - largest);
      sum += result[i];
    }
    for (int i = 0; i < rows.length; i++) {
      result[i] /= sum;
    }
    return result;
  }

  /** Classifies the pictures that could be embedded, in their order; {@code images} stays open. */
  public List<Classification> classify(ImageEmbeddings images) {
    List<Classification> result = new ArrayList<>();
    for (int row = 0; row < images.embeddings().rows(); row++) {
      double[] probabilities = probabilities(images.embeddings().row(row));
      result.add(new Classification(images.input(row), bestFirst(probabilities)));
    }
    return result;
  }

  /**
   * Classifies pictures, in their order.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture cannot be read; {@link
   *     #classify(ImageEmbeddings)} goes on instead
   */
  public List<Classification> classify(List<ImageSource> images) {
    try (ImageEmbeddings embedded = model.embedImages(images)) {
      embedded.orThrow();
      return classify(embedded);
    }
  }

  private Map<String, Double> bestFirst(double[] probabilities) {
    Map<String, Double> map = new LinkedHashMap<>();
    IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -probabilities[i]))
        .forEach(i -> map.put(labels.get(i), probabilities[i]));
    return map;
  }
}

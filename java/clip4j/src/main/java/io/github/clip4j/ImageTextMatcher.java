package io.github.clip4j;

import io.github.clip4j.internal.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Says which pairs of two columns belong together. Row i of the query column is paired with row i
 * of the response column; either may hold pictures or texts.
 *
 * <p>A pair matches when its probability is above a threshold, 0.5 by default. What a probability
 * means is, by default, the model's own {@link ClipModel#calibration()}, and {@link
 * Probability#contrastive()} where it has none: the text describes the picture better than all of a
 * contrast set does together. Both are for pairs of a picture and a text: for two pictures or two
 * texts choose {@link Probability#reference()} and a threshold, or a {@link Probability#calibrated}
 * that was fitted on such pairs.
 *
 * <p>Safe from any thread. The model is borrowed and must stay open.
 */
public final class ImageTextMatcher {
  /** Texts whose cosine is above this say the same: with other capitals or spaces, for instance. */
  private static final double SAME = 1 - 1e-6;

  private final ClipModel model;
  private final String query;
  private final String response;
  private final Probability probability;
  private final boolean forAnyPair;
  private final double threshold;
  private final double[][] contrast;

  private ImageTextMatcher(Builder builder) {
    model = builder.model;
    query = builder.query;
    response = builder.response;
    probability = builder.probability();
    forAnyPair = builder.isForAnyPair();
    threshold = builder.threshold;
    contrast =
        probability instanceof Probability.Contrastive contrastive
            ? EmbeddedColumn.of(model, Column.texts(contrastive.negatives())).rows()
            : null;
  }

  /** A matcher of a model, with columns named "query" and "response" until told otherwise. */
  public static Builder builder(ClipModel model) {
    return new Builder(model);
  }

  /** Settings of an {@link ImageTextMatcher}. */
  public static final class Builder {
    private final ClipModel model;
    private String query = "query";
    private String response = "response";
    private Probability probability;
    private double threshold = 0.5;

    private Builder(ClipModel model) {
      this.model = Objects.requireNonNull(model, "model");
    }

    /** Name of the one column. */
    public Builder query(String column) {
      query = Objects.requireNonNull(column, "column");
      return this;
    }

    /** Name of the other column. */
    public Builder response(String column) {
      response = Objects.requireNonNull(column, "column");
      return this;
    }

    /** What a probability means. */
    public Builder probability(Probability meaning) {
      probability = Objects.requireNonNull(meaning, "meaning");
      return this;
    }

    private Probability probability() {
      if (probability != null) {
        return probability;
      }
      return model.calibration().orElseGet(Probability::contrastive);
    }

    /** Of two pictures or two texts as well: no softmax, and not the model's own calibration. */
    private boolean isForAnyPair() {
      return probability != null && !(probability instanceof Probability.Contrastive);
    }

    /**
     * The probability that a match must be above.
     *
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    public Builder threshold(double value) {
      if (!(value >= 0 && value <= 1)) {
        throw new IllegalArgumentException("threshold must be 0 to 1: " + value);
      }
      threshold = value;
      return this;
    }

    /**
     * The matcher; embeds the contrast set, if there is one.
     *
     * @throws IllegalArgumentException if both columns have one name, or a text of the contrast set
     *     is not valid UTF-16
     */
    public ImageTextMatcher build() {
      if (query.equals(response)) {
        throw new IllegalArgumentException("query and response are both named " + query);
      }
      return new ImageTextMatcher(this);
    }
  }

  /**
   * Whether each pair matches.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture cannot be read; {@link #match}
   *     goes on instead
   */
  public boolean[] predict(Map<String, Column> columns) {
    List<Match> matches = match(columns).orThrow();
    boolean[] result = new boolean[matches.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = matches.get(i).match();
    }
    return result;
  }

  /**
   * The probability that each pair matches, to be cut at a threshold of one's own.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture cannot be read; {@link #match}
   *     goes on instead
   */
  public double[] predictProba(Map<String, Column> columns) {
    return match(columns).orThrow().stream().mapToDouble(Match::probability).toArray();
  }

  /**
   * A verdict, or a failure, for every pair.
   *
   * @throws IllegalArgumentException where a column is missing, their lengths differ, both hold the
   *     same kind and the probability is for a picture and a text, or a contrast set has nothing
   *     but a pair's own text
   */
  public Matches match(Map<String, Column> columns) {
    Column left = column(columns, query);
    Column right = column(columns, response);
    if (left.size() != right.size()) {
      throw new IllegalArgumentException(
          "column %s has %d values, column %s has %d"
              .formatted(query, left.size(), response, right.size()));
    }
    boolean leftIsImage = left instanceof Column.Images;
    boolean alike = leftIsImage == right instanceof Column.Images;
    if (alike && !forAnyPair) {
      throw new IllegalArgumentException(
          "both columns hold the same kind and this probability is for a picture and a text: use"
              + " Probability.reference() and a threshold of your own, or Probability.calibrated");
    }
    EmbeddedColumn queries = EmbeddedColumn.of(model, left);
    EmbeddedColumn responses = EmbeddedColumn.of(model, right);
    EmbeddedColumn images = leftIsImage ? queries : responses;
    EmbeddedColumn texts = leftIsImage ? responses : queries;
    List<Match> matches = new ArrayList<>();
    for (int pair = 0; pair < left.size(); pair++) {
      if (queries.row(pair) != null && responses.row(pair) != null) {
        double cosine = Vectors.dot(queries.row(pair), responses.row(pair));
        double p = probability(pair, cosine, images.row(pair), texts.row(pair));
        matches.add(new Match(pair, cosine, p, p > threshold));
      }
    }
    List<ImageFailure> failures = new ArrayList<>(queries.failures());
    failures.addAll(responses.failures());
    failures.sort(Comparator.comparingInt(ImageFailure::input));
    return new Matches(matches, failures);
  }

  private static Column column(Map<String, Column> columns, String name) {
    Column column = columns.get(name);
    if (column == null) {
      throw new IllegalArgumentException(
          "there is no column " + name + ", only " + columns.keySet());
    }
    return column;
  }

  private double probability(int pair, double cosine, double[] image, double[] text) {
    if (probability instanceof Probability.Reference) {
      return 0.5 * (Math.max(-1, Math.min(1, cosine)) + 1);
    }
    if (probability instanceof Probability.Calibrated calibrated) {
      return 1 / (1 + Math.exp(-(calibrated.scale() * cosine + calibrated.offset())));
    }
    // 1 / (1 + sum of exp(other - own)): no overflow of consequence, infinity gives 0.
    // The pair's own text is no alternative to itself.
    return 1
        / (1
            + Arrays.stream(contrast)
                .filter(other -> Vectors.dot(text, other) <= SAME)
                .mapToDouble(other -> Vectors.dot(image, other) - cosine)
                .map(difference -> Math.exp(model.logitScale() * difference))
                .reduce(Double::sum)
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "pair %d: the contrast set has nothing but the pair's own text"
                                .formatted(pair))));
  }
}

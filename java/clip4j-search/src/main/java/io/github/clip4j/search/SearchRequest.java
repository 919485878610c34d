package io.github.clip4j.search;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * What a search is to find: by default the rows of the highest cosine, whatever it is. Immutable,
 * and a value; the {@code with} methods return a changed copy.
 *
 * <pre>{@code
 * SearchRequest.top(10).withMinimumScore(0.25).withFilter(Filter.deny(Ids.of("cat.jpg")))
 * }</pre>
 */
public final class SearchRequest {
  private static final long RESULT_BYTES = 32L << 20;
  private static final long BYTES_PER_HIT = 3 * Long.BYTES; // row, score, id

  private final long[] k; // one for all queries, or one each
  private final boolean onePerQuery;
  private final double minimumScore;
  private final Similarity similarity;
  private final Filter filter; // null: all rows
  private final String fingerprint; // empty: unknown

  private SearchRequest(
      long[] k,
      boolean onePerQuery,
      double minimumScore,
      Similarity similarity,
      Filter filter,
      String fingerprint) {
    this.k = k;
    this.onePerQuery = onePerQuery;
    this.minimumScore = minimumScore;
    this.similarity = similarity;
    this.filter = filter;
    this.fingerprint = fingerprint;
  }

  /**
   * The {@code k} best rows for each query; all of them where there are fewer.
   *
   * @throws IllegalArgumentException if k &lt; 1
   */
  public static SearchRequest top(int k) {
    return best(false, k);
  }

  /**
   * The {@code k[q]} best rows for query q; a search must then have k.length queries.
   *
   * @throws IllegalArgumentException if k is empty or one is less than 1
   */
  public static SearchRequest topEach(int... k) {
    if (k.length == 0) {
      throw new IllegalArgumentException("k is empty");
    }
    return best(true, Arrays.stream(k).asLongStream().toArray());
  }

  /**
   * Range search: every row that scores {@code minimumScore} or more, however many there are. While
   * it searches it takes native memory for one query's hits, some 100 bytes each. The hits of all
   * queries are Java's, 12 bytes each and their ids: where they may be too many for the heap, give
   * it fewer queries at a time. A query may have 268,435,454; for one that has more a search throws
   * a {@link Clip4jException} of kind TOO_LARGE.
   *
   * @throws IllegalArgumentException if minimumScore is not a number
   */
  public static SearchRequest allFrom(double minimumScore) {
    return best(false, Long.MAX_VALUE).withMinimumScore(minimumScore);
  }

  private static SearchRequest best(boolean onePerQuery, long... k) {
    for (long value : k) {
      if (value < 1) {
        throw new IllegalArgumentException("k must be at least 1, not " + value);
      }
    }
    return new SearchRequest(k, onePerQuery, Double.NEGATIVE_INFINITY, Similarity.COSINE, null, "");
  }

  /**
   * A copy that finds no rows that score less than {@code minimum}.
   *
   * @throws IllegalArgumentException if it is not a number
   */
  public SearchRequest withMinimumScore(double minimum) {
    if (Double.isNaN(minimum)) {
      throw new IllegalArgumentException("minimumScore is not a number");
    }
    return new SearchRequest(k, onePerQuery, minimum, similarity, filter, fingerprint);
  }

  /** A copy that compares by {@code by}. */
  public SearchRequest withSimilarity(Similarity by) {
    Objects.requireNonNull(by, "similarity");
    return new SearchRequest(k, onePerQuery, minimumScore, by, filter, fingerprint);
  }

  /** A copy that finds only rows that {@code which} allows. */
  public SearchRequest withFilter(Filter which) {
    Objects.requireNonNull(which, "filter");
    return new SearchRequest(k, onePerQuery, minimumScore, similarity, which, fingerprint);
  }

  /**
   * A copy for queries that the model of this fingerprint made: an index of another model's rows
   * refuses them.
   */
  public SearchRequest withFingerprint(String ofModel) {
    Objects.requireNonNull(ofModel, "fingerprint");
    return new SearchRequest(k, onePerQuery, minimumScore, similarity, filter, ofModel);
  }

  /** Rows that score less are no hits. */
  public double minimumScore() {
    return minimumScore;
  }

  /** How a query and a row are compared. */
  public Similarity similarity() {
    return similarity;
  }

  /** Which rows may be found; empty where all may. */
  public Optional<Filter> filter() {
    return Optional.ofNullable(filter);
  }

  /** The fingerprint of the model that made the queries; empty where that was not said. */
  public String fingerprint() {
    return fingerprint;
  }

  /** One for all queries, or one each; {@link Long#MAX_VALUE} for a range search. */
  long[] k() {
    return k;
  }

  boolean onePerQuery() {
    return onePerQuery;
  }

  /** Refuses another number of queries than there are k, where there is one each. */
  void checkQueries(int queries) {
    if (onePerQuery && k.length != queries) {
      throw new IllegalArgumentException(
          "there are " + k.length + " k, one per query, and " + queries + " queries");
    }
  }

  /** Every row from the minimum score on, for all queries. */
  boolean isRange() {
    return k[0] == Long.MAX_VALUE;
  }

  /** The most hits that a query may have. */
  long mostHits() {
    return Arrays.stream(k).max().orElseThrow();
  }

  /**
   * How many queries a native call may get, to bound the memory of its results.
   *
   * @param k hits of each
   * @param size rows of the index
   */
  static int queriesAtOnce(long k, int size) {
    long most = Math.max(1, Math.min(size, k));
    return (int) Math.max(1, RESULT_BYTES / (most * BYTES_PER_HIT));
  }

  /** Finds the same. */
  @Override
  public boolean equals(Object other) {
    return other instanceof SearchRequest that
        && Arrays.equals(k, that.k)
        && onePerQuery == that.onePerQuery
        && minimumScore == that.minimumScore
        && similarity == that.similarity
        && Objects.equals(filter, that.filter)
        && fingerprint.equals(that.fingerprint);
  }

  @Override
  public int hashCode() {
    // 0.0 and -0.0 are the same minimum.
    return Objects.hash(
        Arrays.hashCode(k), onePerQuery, minimumScore + 0.0, similarity, filter, fingerprint);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("SearchRequest[");
    if (onePerQuery) {
      text.append("top of each of ").append(k.length).append(" queries");
    } else {
      text.append(isRange() ? "all" : "top " + k[0]);
    }
    text.append(" by ").append(similarity);
    if (minimumScore > Double.NEGATIVE_INFINITY) {
      text.append(", from ").append(minimumScore);
    }
    if (filter != null) {
      text.append(", ").append(filter);
    }
    if (!fingerprint.isEmpty()) {
      text.append(", of model ").append(fingerprint);
    }
    return text.append(']').toString();
  }
}

package io.github.clip4j.search;

import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * What a search found: for each query the same number of rows, best first; equal scores in order of
 * row number.
 */
public final class Hits {
  private final int[][] rows;
  private final double[][] scores;
  private final int count;

  Hits(int[][] rows, double[][] scores, int count) {
    this.rows = rows;
    this.scores = scores;
    this.count = count;
  }

  /** Copies the hits of queries from {@code first} on out of a native call's results. */
  void fill(int first, int queryCount, IntBuffer fromRows, DoubleBuffer fromScores) {
    for (int q = 0; q < queryCount; q++) {
      fromRows.get(q * count, rows[first + q]);
      fromScores.get(q * count, scores[first + q]);
    }
  }

  /**
   * One found row.
   *
   * @param row its number in the index
   * @param score its similarity to the query
   */
  public record Hit(int row, double score) {}

  /** The number of queries. */
  public int queries() {
    return rows.length;
  }

  /** Hits of each query: k, or the size of the index when that is smaller. */
  public int count() {
    return count;
  }

  /** The row of hit {@code i} of {@code query}; 0 is the best. */
  public int row(int query, int i) {
    return rows[query][i];
  }

  /** The score of hit {@code i} of {@code query}, computed in float64. */
  public double score(int query, int i) {
    return scores[query][i];
  }

  /** The hits of {@code query}, best first. */
  public List<Hit> of(int query) {
    Objects.checkIndex(query, rows.length);
    List<Hit> hits = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      hits.add(new Hit(rows[query][i], scores[query][i]));
    }
    return Collections.unmodifiableList(hits);
  }

  @Override
  public String toString() {
    return "Hits[" + queries() + " queries x " + count + "]";
  }
}

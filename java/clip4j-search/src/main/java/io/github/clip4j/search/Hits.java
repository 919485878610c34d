package io.github.clip4j.search;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * What a search found: for each query some rows, best first; equal scores in order of row number.
 * They are copies on the Java heap: nothing is to be closed, and any number of threads may read. A
 * query or a hit that there is not is an {@link IndexOutOfBoundsException}.
 */
public final class Hits {
  private final IdKind kind;
  private final int[][] rows;
  private final double[][] scores;
  private final long[][] longIds; // of IdKind.LONG alone
  private final String[][] stringIds; // of IdKind.STRING alone
  private int count;
  private long rescored;

  /** For queries whose hits are filled in; see {@link #fill}. */
  Hits(IdKind kind, int queries) {
    this.kind = kind;
    this.rows = new int[queries][];
    this.scores = new double[queries][];
    this.longIds = kind == IdKind.LONG ? new long[queries][] : null;
    this.stringIds = kind == IdKind.STRING ? new String[queries][] : null;
  }

  /** Copies what {@code search} found for queries from {@code first} on. */
  void fill(int first, int queryCount, NativeSearch search) {
    byte[] text = new byte[0];
    if (kind == IdKind.STRING) {
      text = search.copyText(search.begin(queryCount), text);
    }
    for (int q = 0; q < queryCount; q++) {
      int begin = search.begin(q);
      int length = search.begin(q + 1) - begin;
      rows[first + q] = new int[length];
      scores[first + q] = new double[length];
      for (int i = 0; i < length; i++) {
        rows[first + q][i] = search.row(begin + i);
        scores[first + q][i] = search.score(begin + i);
      }
      if (kind == IdKind.LONG) {
        longIds[first + q] = new long[length];
        for (int i = 0; i < length; i++) {
          longIds[first + q][i] = search.id(begin + i);
        }
      } else if (kind == IdKind.STRING) {
        stringIds[first + q] = new String[length];
        for (int i = 0; i < length; i++) {
          int start = begin + i == 0 ? 0 : (int) search.id(begin + i - 1);
          int end = (int) search.id(begin + i);
          stringIds[first + q][i] = new String(text, start, end - start, StandardCharsets.UTF_8);
        }
      }
      count = Math.max(count, length);
    }
    rescored += search.rescored();
  }

  /**
   * One found row.
   *
   * @param row its number in the index, as of the search
   * @param score its similarity to the query
   * @param id what it is called: a Long, or a String in an index of string ids; where rows are
   *     called by their numbers, its number
   */
  public record Hit(int row, double score, Object id) {
    /** A row of an index whose rows are called by their numbers. */
    public Hit(int row, double score) {
      this(row, score, (long) row);
    }

    /**
     * The id, a long; where rows are called by their numbers, its number.
     *
     * @throws IllegalStateException where it is a string
     */
    public long longId() {
      if (id instanceof Long number) {
        return number;
      }
      throw new IllegalStateException("the hit's id is no long: " + id);
    }

    /**
     * The id, a string.
     *
     * @throws IllegalStateException where it is a long
     */
    public String stringId() {
      if (id instanceof String string) {
        return string;
      }
      throw new IllegalStateException("the hit's id is no string: " + id);
    }
  }

  /** The number of queries. */
  public int queries() {
    return rows.length;
  }

  /** Hits of {@code query}: k where there are as many. */
  public int count(int query) {
    return rows[query].length;
  }

  /** The most hits that a query has; every query has as many where k alone limits them. */
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

  /**
   * The id of hit {@code i} of {@code query}; where rows are called by their numbers, its number.
   *
   * @throws IllegalStateException where ids are strings
   */
  public long longId(int query, int i) {
    kind.checkLong();
    return kind == IdKind.LONG ? longIds[query][i] : rows[query][i];
  }

  /**
   * The id of hit {@code i} of {@code query}.
   *
   * @throws IllegalStateException where ids are not strings
   */
  public String stringId(int query, int i) {
    kind.checkString();
    return stringIds[query][i];
  }

  /** The hits of {@code query}, best first. */
  public List<Hit> of(int query) {
    Objects.checkIndex(query, rows.length);
    List<Hit> hits = new ArrayList<>(count(query));
    for (int i = 0; i < count(query); i++) {
      Object id = kind == IdKind.STRING ? stringId(query, i) : (Object) longId(query, i);
      hits.add(new Hit(row(query, i), score(query, i), id));
    }
    return Collections.unmodifiableList(hits);
  }

  /**
   * How many rows, of all queries, were scored by their float32 values: the hits, and what the
   * compact codes left in doubt.
   */
  public long rescored() {
    return rescored;
  }

  @Override
  public String toString() {
    return "Hits[" + queries() + " queries, at most " + count + " each]";
  }
}

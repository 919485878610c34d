package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SearchRequestTest {
  private static final int ROWS = 3000;
  private static final int DIMENSION = 24;

  private static Embeddings rows;
  private static Embeddings queries;
  private static EmbeddingIndex index;

  @BeforeAll
  static void build() {
    rows = RandomRows.of(ROWS, DIMENSION, 1);
    queries = RandomRows.of(5, DIMENSION, 2);
    index = EmbeddingIndex.of(rows);
  }

  @AfterAll
  static void close() {
    index.close();
    queries.close();
    rows.close();
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void findsWhatScoresEnough(Similarity similarity) {
    double minimum = similarity == Similarity.COSINE ? 0.3 : 5;
    Hits all = index.search(queries, SearchRequest.top(ROWS).withSimilarity(similarity));
    SearchRequest request = SearchRequest.allFrom(minimum).withSimilarity(similarity);
    Hits found = index.search(queries, request);
    Hits few = index.search(queries, SearchRequest.top(3).withMinimumScore(minimum));
    boolean ragged = false;
    for (int q = 0; q < queries.rows(); q++) {
      List<Hits.Hit> expected = all.of(q).stream().filter(hit -> hit.score() >= minimum).toList();
      assertTrue(expected.size() > 3 && expected.size() < ROWS / 2, "a telling minimum");
      assertEquals(expected, found.of(q));
      assertEquals(expected.size(), found.count(q));
      assertTrue(found.count() >= found.count(q));
      ragged |= found.count(q) != found.count(0);
      if (similarity == Similarity.COSINE) {
        assertEquals(expected.subList(0, 3), few.of(q));
      }
    }
    assertTrue(ragged, "queries with different numbers of hits");
    SearchRequest none = SearchRequest.top(5).withMinimumScore(Double.POSITIVE_INFINITY);
    assertEquals(List.of(), index.search(queries, none).of(4));
    assertEquals(0, index.search(queries, none).count());
  }

  @Test
  void findsTheTieAtTheMinimum() {
    double score = index.search(queries, 10).score(2, 9);
    assertEquals(10, index.search(queries, SearchRequest.allFrom(score)).count(2));
    assertEquals(9, index.search(queries, SearchRequest.allFrom(Math.nextUp(score))).count(2));
  }

  @Test
  void givesEachQueryItsNumber() {
    Hits all = index.search(queries, ROWS);
    int[] k = {1, ROWS + 5, 7, 2, Integer.MAX_VALUE};
    Hits found = index.search(queries, SearchRequest.topEach(k));
    for (int q = 0; q < k.length; q++) {
      assertEquals(all.of(q).subList(0, Math.min(k[q], ROWS)), found.of(q));
    }
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void findsOnlyWhatAFilterLetsThrough(Similarity similarity) {
    Hits all = index.search(queries, SearchRequest.top(ROWS).withSimilarity(similarity));
    IntPredicate[] sets = {
      row -> row % 10 == 3, row -> row >= 2990, row -> row == 64, row -> row < 2000, row -> false
    };
    for (IntPredicate set : sets) {
      BitSet bits = new BitSet();
      IntStream.range(0, ROWS).filter(set).forEach(bits::set);
      check(all, similarity, Filter.allow(bits), set);
      check(all, similarity, Filter.deny(bits), set.negate());
      bits.set(ROWS, ROWS + 1000); // There are no such rows.
      bits.set(Integer.MAX_VALUE - 100);
      check(all, similarity, Filter.allow(bits), set);
      check(all, similarity, Filter.deny(bits), set.negate());
    }
  }

  private static void check(Hits all, Similarity similarity, Filter filter, IntPredicate allows) {
    SearchRequest request = SearchRequest.top(20).withSimilarity(similarity).withFilter(filter);
    Hits found = index.search(queries, request);
    for (int q = 0; q < queries.rows(); q++) {
      assertEquals(
          all.of(q).stream().filter(hit -> allows.test(hit.row())).limit(20).toList(), found.of(q));
    }
  }

  @Test
  void keepsAFilterAsItWasGiven() {
    BitSet bits = new BitSet();
    bits.set(5);
    SearchRequest request = SearchRequest.top(2).withFilter(Filter.allow(bits));
    bits.set(6);
    assertEquals(1, index.search(queries, request).count(0));
    assertEquals(5, index.search(queries, request).row(0, 0));
  }

  @Test
  void answersMoreThanOneNativeCallHolds() {
    int many = 1000;
    int[] k = new int[many];
    for (int i = 0; i < many; i++) {
      k[i] = i % 2 == 0 ? ROWS : i;
    }
    try (Embeddings asked = RandomRows.of(many, DIMENSION, 3)) {
      SearchRequest request = SearchRequest.topEach(k);
      assertTrue(SearchRequest.queriesAtOnce(request.mostHits(), ROWS) < many, "one call");
      Hits found = index.search(asked, request);
      for (int q = 0; q < many; q += 111) {
        assertEquals(index.search(asked.row(q), k[q]).of(0), found.of(q));
      }
      int hits = IntStream.range(0, many).map(found::count).sum();
      assertTrue(found.rescored() >= hits, found.rescored() + " rescored of " + hits);
      Hits range = index.search(asked, SearchRequest.allFrom(-1));
      assertEquals(ROWS, range.count(999));
    }
  }

  @Test
  void namesAQueryByItsNumberAmongAll() {
    int many = 1100;
    for (float bad : new float[] {0, Float.NaN}) {
      float[] values = RandomRows.values(many, DIMENSION, 3);
      Arrays.fill(values, 1000 * DIMENSION, 1001 * DIMENSION, bad);
      try (Embeddings asked = Embeddings.copyOf(values, DIMENSION)) {
        assertTrue(SearchRequest.queriesAtOnce(ROWS, ROWS) < 1000, "one call");
        refused("query 1000 ", () -> index.search(asked, ROWS));
        refused("query 1000 ", () -> index.search(asked, SearchRequest.allFrom(-1)));
      }
    }
  }

  @Test
  void countsTheRowsThatItRescored() {
    Hits hits = index.search(queries, 3);
    assertTrue(hits.rescored() >= 15 && hits.rescored() < 5L * ROWS, "" + hits.rescored());
  }

  @Test
  void refusesWhatMakesNoSense() {
    refused("k must be at least 1, not 0", () -> SearchRequest.top(0));
    refused("k must be at least 1, not -2147483648", () -> SearchRequest.top(Integer.MIN_VALUE));
    refused("k must be at least 1, not -1", () -> SearchRequest.topEach(3, -1));
    refused("k is empty", () -> SearchRequest.topEach());
    refused("not a number", () -> SearchRequest.allFrom(Double.NaN));
    refused("2 k, one per query, and 5", () -> index.search(queries, SearchRequest.topEach(1, 2)));
    refused("1 k, one per query, and 5", () -> index.search(queries, SearchRequest.topEach(1)));
    refused("2 k", () -> index.search(queries.row(0), SearchRequest.topEach(1, 2)));
    refused("2 k", () -> index.searcher(SearchRequest.topEach(1, 2)));
    SearchRequest byIds = SearchRequest.top(1).withFilter(Filter.allow(Ids.of("3")));
    refused(
        "the filter's ids are strings, rows of the index are called by their numbers",
        () -> index.search(queries, byIds));
    assertThrows(NullPointerException.class, () -> Filter.allow((BitSet) null));
    assertThrows(NullPointerException.class, () -> Filter.deny((Ids) null));
    assertThrows(NullPointerException.class, () -> SearchRequest.top(1).withFilter(null));
    assertThrows(NullPointerException.class, () -> SearchRequest.top(1).withFingerprint(null));
    assertThrows(NullPointerException.class, () -> index.search(queries, null));
    assertThrows(NullPointerException.class, () -> index.searcher(null));
  }
}

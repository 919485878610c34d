package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.BitSet;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What is a value is equal to what says the same, and to nothing else. */
class ValuesTest {
  private static void areValues(List<Supplier<Object>> different) {
    for (int i = 0; i < different.size(); i++) {
      Object one = different.get(i).get();
      assertNotEquals(one, null);
      assertNotEquals(one, "another type");
      for (int j = 0; j < different.size(); j++) {
        Object other = different.get(j).get();
        if (i == j) {
          assertEquals(one, other);
          assertEquals(one.hashCode(), other.hashCode());
          assertEquals(one.toString(), other.toString());
        } else {
          assertNotEquals(one, other);
        }
      }
    }
  }

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet(1_000); // Of more words than it needs.
    for (int bit : set) {
      bits.set(bit);
    }
    return bits;
  }

  @Test
  void idsAre() {
    areValues(
        List.of(
            () -> Ids.of(new long[0]),
            () -> Ids.of(List.of()),
            () -> Ids.of(1L, 2L),
            () -> Ids.of(2L, 1L),
            () -> Ids.of("a", "bc"),
            () -> Ids.of("ab", "c"),
            () -> Ids.of("a", "bd"),
            () -> Ids.of("a")));
    assertEquals(Ids.of("a", "bc"), Ids.of(List.of("a", "bc")));
    assertEquals("Ids[2 strings]", Ids.of("a", "b").toString());
    assertEquals("Ids[1 longs]", Ids.of(7L).toString());
  }

  @Test
  void filtersAre() {
    areValues(
        List.of(
            () -> Filter.allow(bits(1, 64)),
            () -> Filter.deny(bits(1, 64)),
            () -> Filter.allow(bits(1)),
            () -> Filter.allow(bits()),
            () -> Filter.allow(Ids.of(1L, 64L)),
            () -> Filter.deny(Ids.of(1L, 64L)),
            () -> Filter.allow(Ids.of("1", "64"))));
    assertEquals("Filter[allow 2 rows]", Filter.allow(bits(1, 64)).toString());
    assertEquals("Filter[deny Ids[2 longs]]", Filter.deny(Ids.of(1L, 64L)).toString());
  }

  @Test
  void requestsAre() {
    SearchRequest three = SearchRequest.top(3);
    areValues(
        List.of(
            () -> SearchRequest.top(3),
            () -> SearchRequest.top(4),
            () -> SearchRequest.topEach(3),
            () -> SearchRequest.topEach(3, 4),
            () -> SearchRequest.allFrom(0.5),
            () -> SearchRequest.allFrom(0.25),
            () -> three.withMinimumScore(0.5),
            () -> three.withSimilarity(Similarity.DOT),
            () -> three.withFilter(Filter.allow(bits(1))),
            () -> three.withFilter(Filter.allow(bits(2))),
            () -> three.withFingerprint("model")));
    assertEquals(SearchRequest.allFrom(0.0), SearchRequest.allFrom(-0.0));
    assertEquals(SearchRequest.allFrom(0.0).hashCode(), SearchRequest.allFrom(-0.0).hashCode());
    assertEquals("SearchRequest[top 3 by COSINE]", three.toString());
    assertEquals(
        "SearchRequest[top of each of 2 queries by COSINE]",
        SearchRequest.topEach(3, 4).toString());
    assertEquals(
        "SearchRequest[all by DOT, from 0.5, Filter[deny Ids[1 strings]], of model m]",
        SearchRequest.allFrom(0.5)
            .withSimilarity(Similarity.DOT)
            .withFilter(Filter.deny(Ids.of("a")))
            .withFingerprint("m")
            .toString());
  }
}

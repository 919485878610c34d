package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranges of many hits, for many queries. Row i is a point of the circle at i / ROWS turns. */
class RangeSearchTest {
  private static final int ROWS = 70_000;
  private static final int QUERIES = 64;

  @Test
  void findsAllOfFewAndOfMany() {
    try (Embeddings rows = circle(ROWS);
        EmbeddingIndex index = EmbeddingIndex.of(rows);
        Embeddings queries = lengths()) {
      // By dot product a query finds as much of the circle as its length lets it.
      SearchRequest request = SearchRequest.allFrom(1).withSimilarity(Similarity.DOT);
      Hits range = index.search(queries, request);
      for (int q = 0; q < QUERIES; q++) {
        float[] query = queries.row(q);
        List<Hits.Hit> best =
            index.search(query, SearchRequest.top(ROWS).withSimilarity(Similarity.DOT)).of(0);
        assertEquals(best.stream().filter(hit -> hit.score() >= 1).toList(), range.of(q), "" + q);
      }
      assertEquals(0, range.count(0));
      assertTrue(range.count(3) > 0 && range.count(3) < 1024, "few hits: " + range.count(3));
      assertTrue(range.count(4) > 1024 && range.count(4) < 32 * 1024, "" + range.count(4));
      assertTrue(range.count(5) > 32 * 1024, "nearly half of the rows and more");
      assertEquals(ROWS, index.search(queries, SearchRequest.allFrom(-1)).count(1));
    }
  }

  @Test
  void findsExactlyAsManyAsItAsksForAtFirst() {
    try (Embeddings rows = circle(1024);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      Hits hits = index.search(rows, SearchRequest.allFrom(-1));
      assertEquals(1024, hits.count());
      assertEquals(1024, hits.count(1023));
    }
  }

  @Test
  void takesMemoryForOneQueryAtATime() throws Exception {
    ChildJvm.Result result =
        new ChildJvm().options("-Xmx320m", "-XX:+UseSerialGC").run(Everything.class);
    assertEquals(0, result.exit(), result.err());
    // All at once would take 200 MiB more.
    long peak = Long.parseLong(result.out().strip());
    assertTrue(peak < 512 << 10, peak + " KiB resident");
  }

  /** Finds every row for every query and prints the KiB that were resident at the most. */
  static final class Everything {
    public static void main(String[] arguments) throws Exception {
      try (Embeddings rows = circle(250_000);
          EmbeddingIndex index = EmbeddingIndex.of(rows);
          Embeddings queries = circle(QUERIES)) {
        Hits hits = index.search(queries, SearchRequest.allFrom(-2));
        if (hits.count(0) != 250_000 || hits.count(QUERIES - 1) != 250_000) {
          throw new AssertionError(hits.toString());
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
          if (line.startsWith("VmHWM:")) {
            System.out.println(line.replaceAll("\\D", ""));
          }
        }
      }
    }
  }

  private static Embeddings circle(int rows) {
    return Embeddings.fill(
        rows,
        2,
        (firstRow, block) -> {
          for (int row = firstRow; block.hasRemaining(); row++) {
            double angle = 2 * Math.PI * row / rows;
            block.put((float) Math.cos(angle)).put((float) Math.sin(angle));
          }
        });
  }

  /** Queries that find, in turns, nothing, two rows or so, few, many and nearly half of them. */
  private static Embeddings lengths() {
    float[] lengths = {0.5F, 1.0000001F, 1.00001F, 1.0001F, 1.01F, 100};
    return Embeddings.fill(
        QUERIES,
        2,
        (firstRow, block) -> {
          for (int row = firstRow; block.hasRemaining(); row++) {
            block.put(0.6F * lengths[row % lengths.length]);
            block.put(0.8F * lengths[row % lengths.length]);
          }
        });
  }
}

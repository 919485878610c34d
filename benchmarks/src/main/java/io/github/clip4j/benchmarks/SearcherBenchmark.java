package io.github.clip4j.benchmarks;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.SearchRequest;
import io.github.clip4j.search.Searcher;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Exact top-10 of one query over 1,000 random rows of 512; with -prof gc it shows no garbage. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class SearcherBenchmark {
  private static final int ROWS = 1000;
  private static final int DIMENSION = 512;

  private EmbeddingIndex index;
  private Searcher searcher;
  private float[] query;

  @Setup
  public void build() {
    query = RandomRows.one(8, DIMENSION);
    try (Embeddings corpus = RandomRows.of(7, ROWS, DIMENSION)) {
      index = EmbeddingIndex.of(corpus);
    }
    searcher = index.searcher(SearchRequest.top(10));
  }

  @TearDown
  public void close() {
    searcher.close();
    index.close();
  }

  @Benchmark
  public double top10() {
    searcher.search(query);
    return searcher.row(0) + searcher.score(0);
  }
}

package io.github.clip4j.benchmarks;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Exact top-10 over random rows of 512, the JNI crossing included. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class SearchBenchmark {
  private static final int DIMENSION = 512;

  @Param({"1000", "100000", "1000000"})
  int rows;

  @Param({"1", "64"})
  int queries;

  private EmbeddingIndex index;
  private Embeddings query;

  @Setup
  public void build() {
    try (Embeddings corpus = RandomRows.of(7, rows, DIMENSION)) {
      index = EmbeddingIndex.of(corpus);
    }
    query = RandomRows.of(8, queries, DIMENSION);
  }

  @TearDown
  public void close() {
    query.close();
    index.close();
  }

  @Benchmark
  public Hits top10() {
    return index.search(query, 10);
  }
}

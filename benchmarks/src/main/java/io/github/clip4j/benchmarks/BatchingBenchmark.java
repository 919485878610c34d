package io.github.clip4j.benchmarks;

import io.github.clip4j.BatchingEncoder;
import io.github.clip4j.ClipModel;
import io.github.clip4j.search.Embeddings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Texts by BatchingEncoder for 1, 8 and 64 callers, each of which waits for its result before it
 * submits the next, against the same texts in batches by one caller. Throughput is texts a second;
 * sample times are a text's latency, for the batches a text's share.
 */
@State(Scope.Benchmark)
@BenchmarkMode({Mode.Throughput, Mode.SampleTime})
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class BatchingBenchmark {
  private static final int BATCH = 64;
  private static final int TEXTS = 64 * BATCH;
  private static final String[] WORDS =
      "a red small man woman dog cat horse car tree house is with on under near runs sits holds"
          .split(" ");

  /** A model folder; empty for the embedded model. */
  @Param("")
  String model;

  private final List<String> texts = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private ClipModel clip;
  private BatchingEncoder encoder;

  /** Texts of 5 to 17 words, all different. */
  @Setup
  public void load() {
    clip = model.isEmpty() ? ClipModel.loadDefault() : ClipModel.load(Path.of(model));
    encoder = BatchingEncoder.of(clip);
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < TEXTS; i++) {
      StringBuilder text = new StringBuilder().append(i);
      for (int words = random.nextInt(4, 17); words > 0; words--) {
        text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
      }
      texts.add(text.toString());
    }
  }

  @TearDown
  public void close() {
    encoder.close();
    clip.close();
  }

  /** The first of as many texts as are taken. */
  private int take(int count) {
    return Math.floorMod(next.getAndAdd(count), TEXTS);
  }

  private float[] encode() {
    return encoder.embedText(texts.get(take(1))).join();
  }

  @Benchmark
  @Threads(1)
  public float[] callers1() {
    return encode();
  }

  @Benchmark
  @Threads(8)
  public float[] callers8() {
    return encode();
  }

  @Benchmark
  @Threads(64)
  public float[] callers64() {
    return encode();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int batches() {
    int first = take(BATCH);
    try (Embeddings rows = clip.embedTexts(texts.subList(first, first + BATCH))) {
      return rows.rows();
    }
  }
}

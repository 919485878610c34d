package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Embedder;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageSource;
import io.github.clip4j.Timings;
import io.github.clip4j.Tokens;
import io.github.clip4j.internal.Native;
import io.github.clip4j.search.Embeddings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What Java costs over native code: a bare crossing; and for calls that encode, {@code javaMicros},
 * the time that neither native code nor the tokenizer accounts for, a call, and {@code
 * javaPercent}, its share. Both are medians over the one iteration, since JMH would add up those of
 * several.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 1, time = 10)
@Fork(1)
public class JavaOverheadBenchmark {
  private static final int BATCH = 32;
  private static final String TEXT = "a man is riding a white horse";

  /** A model folder; empty for the embedded model. */
  @Param("")
  String model;

  private ClipModel clip;
  private final List<ImageSource> pictures = new ArrayList<>();
  private Embedder embedder;
  private Tokens tokens;
  private float[] row;

  /** The calls of an iteration, or the first of them. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Overhead {
    private final double[] millis = new double[1 << 16];
    private final double[] javaMillis = new double[1 << 16];
    private int calls;

    @Setup(Level.Iteration)
    public void reset() {
      calls = 0;
    }

    void add(long start, Timings inside) {
      add(start, inside.preprocessMs() + inside.encodeMs());
    }

    void add(long start, double insideMillis) {
      double all = (System.nanoTime() - start) / 1e6;
      if (calls < millis.length) {
        millis[calls] = all;
        javaMillis[calls++] = all - insideMillis;
      }
    }

    public double javaMicros() {
      return 1e3 * median(javaMillis);
    }

    public double javaPercent() {
      return 100 * median(javaMillis) / median(millis);
    }

    private double median(double[] values) {
      double[] sorted = Arrays.copyOf(values, calls);
      Arrays.sort(sorted);
      return calls == 0 ? 0 : sorted[calls / 2];
    }
  }

  /** Pictures of the model's own size. */
  @Setup
  public void load() {
    clip = model.isEmpty() ? ClipModel.loadDefault() : ClipModel.load(Path.of(model));
    SplittableRandom random = new SplittableRandom(7);
    int side = clip.imageSize();
    for (int i = 0; i < BATCH; i++) {
      byte[] pixels = new byte[3 * side * side];
      random.nextBytes(pixels);
      pictures.add(ImageSource.rgb(pixels, side, side));
    }
    embedder = clip.embedder();
    tokens = clip.tokenize(TEXT);
    row = new float[clip.dimension()];
  }

  @TearDown
  public void close() {
    embedder.close();
    clip.close();
  }

  /** By an Embedder, which with -prof gc shows no garbage. */
  @Benchmark
  public float reusedImage(Overhead overhead) {
    long start = System.nanoTime();
    embedder.embedImage(pictures.get(0), row);
    overhead.add(start, embedder.preprocessMs() + embedder.encodeMs());
    return row[0];
  }

  /** As {@link #reusedImage}. */
  @Benchmark
  public float reusedText(Overhead overhead) {
    long start = System.nanoTime();
    embedder.embedText(tokens, row);
    overhead.add(start, embedder.preprocessMs() + embedder.encodeMs());
    return row[0];
  }

  /** Reads a counter in native memory. */
  @Benchmark
  public long crossing() {
    return Native.liveHandles();
  }

  @Benchmark
  public int text(Overhead overhead) {
    long start = System.nanoTime();
    try (Embeddings rows =
        clip.embedTexts(List.of(TEXT), report -> overhead.add(start, report.timings()))) {
      return rows.rows();
    }
  }

  @Benchmark
  public int image(Overhead overhead) {
    return images(pictures.subList(0, 1), overhead);
  }

  @Benchmark
  public int images(Overhead overhead) {
    return images(pictures, overhead);
  }

  private int images(List<ImageSource> images, Overhead overhead) {
    long start = System.nanoTime();
    try (ImageEmbeddings rows = clip.embedImages(images)) {
      overhead.add(start, rows.timings());
      return rows.embeddings().rows();
    }
  }
}

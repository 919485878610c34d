package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageSource;
import java.nio.file.Path;
import java.util.SplittableRandom;
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

/** One text and one 640x480 picture to an embedding, from the caller's thread and back. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class EncodeBenchmark {
  /** A model folder; empty for the embedded model. */
  @Param("")
  String model;

  private ClipModel clip;
  private ImageSource picture;

  @Setup
  public void load() {
    clip = model.isEmpty() ? ClipModel.loadDefault() : ClipModel.load(Path.of(model));
    byte[] pixels = new byte[3 * 640 * 480];
    SplittableRandom random = new SplittableRandom(7);
    random.nextBytes(pixels);
    picture = ImageSource.rgb(pixels, 640, 480);
  }

  @TearDown
  public void close() {
    clip.close();
  }

  @Benchmark
  public float[] text() {
    return clip.embedText("a man is riding a white horse on an enclosed ground");
  }

  @Benchmark
  public float[] image() {
    return clip.embedImage(picture);
  }
}

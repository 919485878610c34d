package io.github.clip4j.benchmarks;

import io.github.clip4j.BatchingEncoder;
import io.github.clip4j.BatchingOptions;
import io.github.clip4j.ClipModel;
import io.github.clip4j.search.EmbeddingIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Mixed load from 64 threads on the embedded model: pictures from files and bytes, texts, searches,
 * directly and through a BatchingEncoder; one item in 20 is bad. Every outcome is compared with the
 * one that the item had alone, beforehand. Memory and threads are sampled, and must be flat.
 *
 * <p>Arguments: minutes. Exits with 1 where an outcome was lost or is another, memory or threads
 * are not flat, or native memory is left when all is closed. {@code ./clip4j soak} starts it with a
 * heap of constant size, so that what grows is a leak.
 */
public final class Soak {
  private static final int THREADS = 64;
  private static final int BAD = 20; // one item in so many
  private static final int SAMPLES = 120;

  private final SoakItems items;
  private final AtomicLong good = new AtomicLong();
  private final AtomicLong bad = new AtomicLong();

  private Soak(SoakItems items) {
    this.items = items;
  }

  public static void main(String[] arguments) throws Exception {
    Duration time = Duration.ofMillis((long) (60_000 * Double.parseDouble(arguments[0])));
    boolean passed;
    try (SoakPictures pictures = new SoakPictures();
        ClipModel model = ClipModel.loadDefault();
        EmbeddingIndex index = SoakItems.index(model.dimension());
        BatchingEncoder encoder =
            BatchingEncoder.of(model, BatchingOptions.DEFAULT.withQueueCapacity(THREADS / 4))) {
      SoakItems items = new SoakItems(model, index, encoder, pictures);
      passed = new Soak(items).run(time);
    }
    System.exit(Load.nothingIsLeft() && passed ? 0 : 1);
  }

  private boolean run(Duration time) throws Exception {
    List<Load.Call> calls = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      SplittableRandom random = new SplittableRandom(i);
      calls.add(() -> check(random));
    }
    List<ProcessSample> samples;
    try {
      samples = Load.run(calls, time, SAMPLES, ProcessSample::now);
    } finally {
      System.out.printf(
          Locale.ROOT,
          "%,d good and %,d bad outcomes were those of the items alone%n",
          good.get(),
          bad.get());
    }
    return ProcessSample.processIsFlat(samples);
  }

  private void check(SplittableRandom random) throws Exception {
    boolean wrong = random.nextInt(BAD) == 0;
    items.check(wrong, random);
    (wrong ? bad : good).incrementAndGet();
  }
}

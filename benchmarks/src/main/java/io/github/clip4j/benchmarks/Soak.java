package io.github.clip4j.benchmarks;

import io.github.clip4j.BatchingEncoder;
import io.github.clip4j.BatchingOptions;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ClipRuntime;
import io.github.clip4j.NativeMemoryUse;
import io.github.clip4j.search.EmbeddingIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

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
  private final long end;
  private final AtomicLong good = new AtomicLong();
  private final AtomicLong bad = new AtomicLong();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private Soak(SoakItems items, long end) {
    this.items = items;
    this.end = end;
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
      passed = new Soak(items, System.nanoTime() + time.toNanos()).run(time);
    }
    NativeMemoryUse left = ClipRuntime.nativeMemory();
    if (!left.equals(new NativeMemoryUse(0, 0, 0))) {
      say("left when all is closed: %s", left);
      passed = false;
    }
    System.exit(passed ? 0 : 1);
  }

  private boolean run(Duration time) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      SplittableRandom random = new SplittableRandom(i);
      threads.add(new Thread(() -> work(random), "soak-" + i));
    }
    threads.forEach(Thread::start);
    List<ProcessSample> samples = new ArrayList<>();
    while (System.nanoTime() < end && failure.get() == null) {
      Thread.sleep(Math.max(1, time.toMillis() / SAMPLES));
      samples.add(ProcessSample.now());
    }
    for (Thread thread : threads) {
      thread.join();
    }
    say("%,d good and %,d bad outcomes were those of the items alone", good.get(), bad.get());
    if (failure.get() != null) {
      failure.get().printStackTrace();
      return false;
    }
    boolean flat =
        ProcessSample.areFlat("resident memory, KB", samples, ProcessSample::residentKilobytes);
    return ProcessSample.areFlat("threads", samples, ProcessSample::threads) && flat;
  }

  private void work(SplittableRandom random) {
    try {
      while (System.nanoTime() < end && failure.get() == null) {
        boolean wrong = random.nextInt(BAD) == 0;
        items.check(wrong, random);
        (wrong ? bad : good).incrementAndGet();
      }
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    }
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}

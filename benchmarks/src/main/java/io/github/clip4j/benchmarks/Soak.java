package io.github.clip4j.benchmarks;

import io.github.clip4j.BatchingEncoder;
import io.github.clip4j.BatchingOptions;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ClipRuntime;
import io.github.clip4j.NativeMemoryUse;
import io.github.clip4j.search.EmbeddingIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;

/**
 * Mixed load from 64 threads on the embedded model: pictures from files and bytes, texts, searches,
 * directly and through a BatchingEncoder; one item in 20 is bad. Every outcome is compared with the
 * one that the item had alone, beforehand. Memory and threads are sampled, and after a warm-up, the
 * first half, must stay within 2%: the median of the last quarter against that of the third.
 *
 * <p>Arguments: minutes. Exits with 1 where an outcome was lost or is another, memory or threads
 * are not flat, or native memory is left when all is closed. {@code ./clip4j soak} starts it with a
 * heap of constant size, so that what grows is a leak.
 */
public final class Soak {
  private static final int THREADS = 64;
  private static final int BAD = 20; // one item in so many
  private static final double FLAT = 0.02;
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
    if (samples.size() < 8) {
      say("too short to tell whether memory is flat");
      return false;
    }
    boolean flat = isFlat("resident memory, KB", samples, ProcessSample::residentKilobytes);
    return isFlat("threads", samples, ProcessSample::threads) && flat;
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

  private static boolean isFlat(
      String what, List<ProcessSample> samples, ToLongFunction<ProcessSample> value) {
    int quarter = samples.size() / 4;
    long before = median(samples.subList(2 * quarter, 3 * quarter), value);
    long after = median(samples.subList(3 * quarter, samples.size()), value);
    double change = (double) after / before - 1;
    boolean flat = Math.abs(change) <= FLAT;
    say("%s: %,d, then %,d: %+.2f%%%s", what, before, after, 100 * change, flat ? "" : " NOT FLAT");
    return flat;
  }

  private static long median(List<ProcessSample> samples, ToLongFunction<ProcessSample> value) {
    long[] values = samples.stream().mapToLong(value).sorted().toArray();
    return values[values.length / 2];
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }

  /** What Linux says of this process. */
  private record ProcessSample(long residentKilobytes, long threads) {
    static ProcessSample now() throws IOException {
      long resident = 0;
      long threads = 0;
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          resident = number(line);
        } else if (line.startsWith("Threads:")) {
          threads = number(line);
        }
      }
      return new ProcessSample(resident, threads);
    }

    private static long number(String line) {
      return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
  }
}

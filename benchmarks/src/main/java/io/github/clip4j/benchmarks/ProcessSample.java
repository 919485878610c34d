package io.github.clip4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** What Linux says of this process. */
record ProcessSample(long residentKilobytes, long threads) {
  private static final int LEAST = 8; // samples that tell something
  private static final double FLAT = 0.02;

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

  /** Says how memory and threads changed, and whether both are flat. */
  static boolean processIsFlat(List<ProcessSample> samples) {
    boolean flat = areFlat("resident memory, KB", samples, ProcessSample::residentKilobytes);
    return areFlat("threads", samples, ProcessSample::threads) && flat;
  }

  /**
   * Says how a value changed, and whether it grew by no more than 2%: the median of the last
   * quarter of the samples against that of the third. The first half is to warm up.
   */
  static <S> boolean areFlat(String what, List<S> samples, ToLongFunction<S> value) {
    if (samples.size() < LEAST) {
      System.out.println(what + ": too few samples to tell whether it is flat");
      return false;
    }
    int quarter = samples.size() / 4;
    long before = median(samples.subList(2 * quarter, 3 * quarter), value);
    long after = median(samples.subList(3 * quarter, samples.size()), value);
    double change = before == after ? 0 : (double) after / before - 1;
    boolean flat = change <= FLAT; // What is given back is no leak.
    System.out.printf(
        Locale.ROOT,
        "%s: %,d, then %,d: %+.2f%%%s%n",
        what,
        before,
        after,
        100 * change,
        flat ? "" : " NOT FLAT");
    return flat;
  }

  private static <S> long median(List<S> samples, ToLongFunction<S> value) {
    long[] values = samples.stream().mapToLong(value).sorted().toArray();
    return values[values.length / 2];
  }
}

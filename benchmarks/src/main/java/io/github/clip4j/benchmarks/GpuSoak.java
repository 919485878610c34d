package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Device;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageSource;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.GpuIndex;
import io.github.clip4j.search.Hits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * Eight threads on one GPU: searches of an index there, of which every hit must be the CPU's;
 * pictures, in every other call a bad one among them, and texts by the embedded model, whose rows
 * must be nearly those that the items had alone; and small indexes that are copied there and
 * closed. The process' memory and threads, and the GPU's memory as nvidia-smi has it, must be flat.
 *
 * <p>Arguments: seconds, the model's {@link Device}. Exits with 1 where something is not as it must
 * be.
 */
public final class GpuSoak implements AutoCloseable {
  private static final int THREADS = 8;
  private static final int SAMPLES = 40;
  private static final int ROWS = 50_000;
  private static final int QUERIES = 64;
  private static final int K = 10;
  private static final int ITEMS = 32;
  private static final int SIDE = 80;
  private static final double LEAST_COSINE = 0.9999;

  private final ClipModel model;
  private final Embeddings rows;
  private final Embeddings queries;
  private final EmbeddingIndex index;
  private final GpuIndex gpu;
  private final Hits expected;
  private final List<ImageSource> pictures = new ArrayList<>();
  private final List<String> texts = new ArrayList<>();
  private final float[][] pictureRows;
  private final float[][] textRows;
  private final AtomicLong right = new AtomicLong();

  private GpuSoak(Device device) {
    model = ClipModel.loadDefault(LoadOptions.DEFAULT.withDevice(device));
    rows = RandomRows.of(1, ROWS, model.dimension());
    queries = RandomRows.of(2, QUERIES, model.dimension());
    index = EmbeddingIndex.of(rows);
    gpu = index.copyToGpu(0);
    expected = index.search(queries, K);
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < ITEMS; i++) {
      byte[] pixels = new byte[3 * SIDE * SIDE];
      random.nextBytes(pixels);
      pictures.add(ImageSource.rgb(pixels, SIDE, SIDE));
      texts.add("picture " + i + " of " + "many ".repeat(i % 9));
    }
    pictureRows = pictures.stream().map(model::embedImage).toArray(float[][]::new);
    textRows = texts.stream().map(model::embedText).toArray(float[][]::new);
  }

  public static void main(String[] arguments) throws Exception {
    boolean passed;
    try (GpuSoak soak = new GpuSoak(Device.of(arguments[1]))) {
      passed = soak.run(Duration.ofMillis((long) (1000 * Double.parseDouble(arguments[0]))));
    }
    System.exit(Load.nothingIsLeft() && passed ? 0 : 1);
  }

  private record Sample(ProcessSample process, long gpuMegabytes) {}

  private boolean run(Duration time) throws Exception {
    List<Load.Call> calls = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      SplittableRandom random = new SplittableRandom(i);
      // One thread alone copies: what small indexes take of memory would go up and down otherwise.
      calls.add(i == 0 ? () -> copyAndSearch(random) : () -> searchOrEmbed(random));
    }
    List<Sample> samples;
    try {
      samples =
          Load.run(calls, time, SAMPLES, () -> new Sample(ProcessSample.now(), usedMegabytes()));
    } finally {
      System.out.printf("%,d calls of %d threads were right%n", right.get(), THREADS);
    }
    boolean flat = ProcessSample.processIsFlat(samples.stream().map(Sample::process).toList());
    return ProcessSample.areFlat("the GPU's memory, MiB", samples, Sample::gpuMegabytes) && flat;
  }

  private void searchOrEmbed(SplittableRandom random) {
    switch (random.nextInt(3)) {
      case 0 -> embedPictures(random);
      case 1 -> embedTexts(random);
      default -> search(random);
    }
    right.incrementAndGet();
  }

  private void search(SplittableRandom random) {
    int[] which = some(random, QUERIES);
    try (Embeddings few = copy(queries, which)) {
      same(expected, which, gpu.search(few, K));
    }
  }

  private void copyAndSearch(SplittableRandom random) {
    int first = random.nextInt(ROWS - 1000);
    try (Embeddings part = copy(rows, IntStream.range(first, first + 1000).toArray());
        EmbeddingIndex small = EmbeddingIndex.of(part);
        GpuIndex copied = small.copyToGpu(0)) {
      same(
          small.search(queries, K),
          IntStream.range(0, QUERIES).toArray(),
          copied.search(queries, K));
    }
    right.incrementAndGet();
  }

  private void embedPictures(SplittableRandom random) {
    int[] which = some(random, ITEMS);
    List<ImageSource> given = new ArrayList<>();
    int bad = random.nextInt(2 * which.length);
    for (int i = 0; i < which.length; i++) {
      given.add(i == bad ? ImageSource.of(new byte[] {1, 2, 3}) : pictures.get(which[i]));
    }
    try (ImageEmbeddings embedded = model.embedImages(given)) {
      int failures = embedded.failures().size();
      check(failures == (bad < which.length ? 1 : 0), "failures of pictures");
      check(embedded.embeddings().rows() == which.length - failures, "rows of pictures");
      for (int row = 0; row < embedded.embeddings().rows(); row++) {
        near(pictureRows[which[embedded.input(row)]], embedded.embeddings().row(row));
      }
    }
  }

  private void embedTexts(SplittableRandom random) {
    int[] which = some(random, ITEMS);
    try (Embeddings embedded =
        model.embedTexts(Arrays.stream(which).mapToObj(texts::get).toList())) {
      for (int row = 0; row < which.length; row++) {
        near(textRows[which[row]], embedded.row(row));
      }
    }
  }

  private static int[] some(SplittableRandom random, int of) {
    return random.ints(1 + random.nextInt(of), 0, of).toArray();
  }

  private static Embeddings copy(Embeddings from, int[] which) {
    int dimension = from.dimension();
    float[] values = new float[which.length * dimension];
    for (int i = 0; i < which.length; i++) {
      System.arraycopy(from.row(which[i]), 0, values, i * dimension, dimension);
    }
    return Embeddings.copyOf(values, dimension);
  }

  private static void same(Hits expected, int[] which, Hits found) {
    for (int q = 0; q < which.length; q++) {
      check(expected.of(which[q]).equals(found.of(q)), "hits are not the CPU's");
    }
  }

  private static void near(float[] expected, float[] row) {
    double cosine = 0;
    for (int i = 0; i < row.length; i++) {
      cosine += (double) expected[i] * row[i];
    }
    check(cosine >= LEAST_COSINE, "a row's cosine to the item's alone is " + cosine);
  }

  private static void check(boolean right, String otherwise) {
    if (!right) {
      throw new IllegalStateException(otherwise);
    }
  }

  /** Of all GPUs' memory; 0 where there is no nvidia-smi. */
  private static long usedMegabytes() throws IOException, InterruptedException {
    Process smi;
    try {
      smi =
          new ProcessBuilder(
                  "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits")
              .start();
    } catch (IOException none) {
      return 0;
    }
    String answer = new String(smi.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    smi.waitFor();
    return answer.lines().mapToLong(line -> Long.parseLong(line.trim())).sum();
  }

  @Override
  public void close() {
    gpu.close();
    index.close();
    queries.close();
    rows.close();
    model.close();
  }
}

package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageSource;
import io.github.clip4j.internal.LoadSteps;
import io.github.clip4j.internal.checkpoint.DefaultModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * From the start of a JVM to its first embeddings, files and caches warm, and the steps of loading
 * one after another (a start does some of them at once); medians and the shortest of JVMs that are
 * started in turn.
 *
 * <p>Arguments: how many JVMs of each; then, if not the embedded one, a model's folder; then
 * options of theirs.
 */
public final class StartUp {
  private StartUp() {}

  public static void main(String[] arguments) throws Exception {
    int starts = Integer.parseInt(arguments[0]);
    String model =
        arguments.length > 1 && !arguments[1].isEmpty()
            ? arguments[1]
            : DefaultModel.directory().toString();
    List<String> options =
        List.of(arguments).subList(Math.min(2, arguments.length), arguments.length);
    Map<String, List<Double>> times = new LinkedHashMap<>();
    for (int i = 0; i <= starts; i++) { // the first warms the caches
      run(options, FirstEmbeddings.class, model, i > 0, times);
      run(options, LoadSteps.class, model, i > 0, times);
    }
    times.forEach(
        (name, millis) -> {
          millis.sort(null);
          System.out.printf(
              Locale.ROOT,
              "%-45s median %7.0f ms, shortest %7.0f ms%n",
              name,
              millis.get(millis.size() / 2),
              millis.get(0));
        });
  }

  /** Adds the lines that the JVM prints: milliseconds and what they are of. */
  private static void run(
      List<String> options,
      Class<?> main,
      String model,
      boolean counts,
      Map<String, List<Double>> times)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), model));
    command.add(Long.toString(micros()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed: " + out);
    }
    if (counts) {
      for (String line : out.lines().toList()) {
        int space = line.indexOf(' ');
        times
            .computeIfAbsent(line.substring(space + 1), name -> new ArrayList<>())
            .add(Double.parseDouble(line.substring(0, space)));
      }
    }
  }

  private static long micros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  /** A JVM that embeds; it gets the folder, and when it was started. */
  public static final class FirstEmbeddings {
    private FirstEmbeddings() {}

    public static void main(String[] arguments) {
      long start = Long.parseLong(arguments[1]);
      reached("start to main", start);
      try (ClipModel model = ClipModel.load(Path.of(arguments[0]))) {
        reached("start to a loaded model", start);
        model.embedText("a cat");
        reached("start to the first text's embedding", start);
        int side = model.imageSize();
        model.embedImage(ImageSource.rgb(new byte[3 * side * side], side, side));
        reached("start to the first picture's, after that", start);
      }
    }

    private static void reached(String what, long start) {
      System.out.println((micros() - start) / 1e3 + " " + what);
    }
  }
}

package io.github.clip4j.testing;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Runs a main class in a JVM of its own, for tests of loading, exiting and memory. */
public final class ChildJvm {
  private static final long LIMIT_SECONDS = 180;
  private static final long PAGE = 4096;

  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private String classPath =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /** What became of it. */
  public record Result(int exit, String out, String err) {}

  /** Adds JVM options. */
  public ChildJvm options(String... more) {
    options.addAll(List.of(more));
    return this;
  }

  /** Makes its heap all resident from the start, so that only native memory can grow. */
  public ChildJvm residentHeap() {
    return options(
        "-Xms64m", "-Xmx64m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1");
  }

  /** How much of this process is in memory. */
  public static long residentBytes() throws IOException {
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * PAGE;
  }

  /** Sets an environment variable. */
  public ChildJvm environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Leaves out the class path's entries that do not fit. */
  public ChildJvm classPath(Predicate<String> keep) {
    classPath =
        Arrays.stream(classPath.split(File.pathSeparator))
            .filter(keep)
            .collect(Collectors.joining(File.pathSeparator));
    return this;
  }

  /** Runs it to its end. */
  public Result run(Class<?> main, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // As an option and not as JAVA_TOOL_OPTIONS, about which a JVM prints a line.
    command.add("-Duser.home=" + System.getProperty("user.home"));
    command.addAll(options);
    command.addAll(List.of("-cp", classPath, main.getName()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile("child", ".out");
    Path err = Files.createTempFile("child", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().remove("JAVA_TOOL_OPTIONS");
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError(
            main + " ran for over " + LIMIT_SECONDS + " s: " + text(out) + text(err));
      }
      return new Result(process.exitValue(), text(out), text(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}

package io.github.clip4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What Linux's /proc tells of this process; elsewhere nothing is known. */
final class Proc {
  private static final Pattern OURS =
      Pattern.compile(
          "lib(jni)?(clip4j|javacpp|torch|c10|cuda|cublas|opencv|openblas|tokenizers|gomp|gfortran|quadmath|gcc_s"
              + "|stdc\\+\\+|c\\.so).*");
  private static final Pattern FEATURE =
      Pattern.compile(
          "sse4_2|avx|avx2|fma|f16c|avx_vnni|avx512(f|bw|vl|dq|_vnni|_bf16)|amx_.*|asimd.*|sve.*");

  /** By file name, the file that each native library was loaded from. */
  List<DoctorReport.Library> libraries() {
    Map<String, String> files = new TreeMap<>();
    for (String line : lines("/proc/self/maps")) {
      int path = line.indexOf('/');
      String file = path < 0 ? "" : line.substring(path);
      String name = file.substring(file.lastIndexOf('/') + 1);
      if (OURS.matcher(name).matches()) {
        files.put(name, file);
      }
    }
    return files.entrySet().stream()
        .map(entry -> new DoctorReport.Library(entry.getKey(), entry.getValue()))
        .toList();
  }

  String cpuModel() {
    return cpu("model name").orElse("unknown");
  }

  List<String> cpuFeatures() {
    String flags = cpu("flags").or(() -> cpu("Features")).orElse("");
    return Arrays.stream(flags.split(" ")).filter(f -> FEATURE.matcher(f).matches()).toList();
  }

  Integer onlineCpus() {
    long cpus = lines("/proc/cpuinfo").stream().filter(l -> l.startsWith("processor")).count();
    return cpus == 0 ? null : (int) cpus;
  }

  Long residentBytes() {
    return lines("/proc/self/status").stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElse(null);
  }

  private static Optional<String> cpu(String field) {
    return lines("/proc/cpuinfo").stream()
        .filter(line -> line.startsWith(field))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst();
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }
}

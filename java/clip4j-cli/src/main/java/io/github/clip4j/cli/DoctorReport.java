package io.github.clip4j.cli;

import io.github.clip4j.NativeMemoryUse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code clip4j doctor} reports.
 *
 * @param versions of clip4j and what it stands on
 * @param cpu its name, its features among those that matter, the kernels chosen by them
 * @param cuda what the first GPU is, or what is missing to compute on one
 * @param libraries native libraries in this process and the files that they were loaded from
 * @param caches folders that hold extracted libraries and models
 * @param threads CPUs that this process may use, after affinity and control groups
 * @param memory in bytes; for the embedded model what clip4j counts while it is open, null where it
 *     does not work
 * @param problems lines that say what does not work
 */
record DoctorReport(
    Map<String, String> versions,
    Cpu cpu,
    String cuda,
    List<Library> libraries,
    List<Cache> caches,
    Threads threads,
    Memory memory,
    List<String> problems) {

  record Cpu(String model, List<String> features, Map<String, String> kernels) {}

  record Library(String name, String file) {}

  record Cache(String name, String folder, long bytes) {}

  record Threads(Integer used, int java, Integer online) {}

  record Memory(long total, long heapMax, Long resident, NativeMemoryUse embeddedModel) {}

  /** The report for people: titles, and facts under them. */
  Map<String, Map<String, String>> sections() {
    Map<String, Map<String, String>> sections = new LinkedHashMap<>();
    sections.put("versions", versions);
    Map<String, String> processor = new LinkedHashMap<>();
    processor.put("model", cpu.model());
    processor.put("features", String.join(" ", cpu.features()));
    cpu.kernels().forEach((name, kernel) -> processor.put(name + " kernel", kernel));
    sections.put("cpu", processor);
    sections.put("gpu", Map.of("cuda:0", cuda));
    Map<String, String> files = new LinkedHashMap<>();
    libraries.forEach(library -> files.put(library.name(), library.file()));
    sections.put("native libraries", files);
    Map<String, String> folders = new LinkedHashMap<>();
    caches.forEach(
        cache -> folders.put(cache.name(), mebibytes(cache.bytes()) + "  " + cache.folder()));
    sections.put("caches", folders);
    Map<String, String> cpus = new LinkedHashMap<>();
    cpus.put("used", String.valueOf(threads.used()));
    cpus.put("seen by Java", String.valueOf(threads.java()));
    cpus.put("online", String.valueOf(threads.online()));
    sections.put("threads", cpus);
    Map<String, String> sizes = new LinkedHashMap<>();
    sizes.put("total", mebibytes(memory.total()));
    sizes.put("Java heap at most", mebibytes(memory.heapMax()));
    sizes.put("resident now", mebibytes(memory.resident()));
    sizes.put(
        "embedded model",
        mebibytes(memory.embeddedModel() == null ? null : memory.embeddedModel().encoderBytes()));
    sections.put("memory", sizes);
    return sections;
  }

  private static String mebibytes(Long bytes) {
    return bytes == null ? "unknown" : (bytes >> 20) + " MiB";
  }
}

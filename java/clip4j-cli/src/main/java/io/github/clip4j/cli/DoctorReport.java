package io.github.clip4j.cli;

import com.sun.management.OperatingSystemMXBean;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ClipRuntime;
import io.github.clip4j.NativeMemoryUse;
import io.github.clip4j.internal.HubEnvironment;
import io.github.clip4j.internal.Native;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.SearchRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

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

  static DoctorReport make() {
    return new Maker().make();
  }

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

  /** Looks at one thing after the other; what fails becomes a problem and not the end. */
  private static final class Maker {
    private final List<String> problems = new ArrayList<>();
    private final Proc proc = new Proc();

    DoctorReport make() {
      NativeMemoryUse embeddedModel = embedText();
      Map<String, String> versions = versions();
      Map<String, String> kernels = new LinkedHashMap<>();
      kernels.put("search", Objects.toString(quietly(SearchRuntime::kernel), "unknown"));
      Threads threads =
          new Threads(
              quietly(SearchRuntime::threads),
              Runtime.getRuntime().availableProcessors(),
              proc.onlineCpus());
      OperatingSystemMXBean system =
          (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      Memory memory =
          new Memory(
              system.getTotalMemorySize(),
              Runtime.getRuntime().maxMemory(),
              proc.residentBytes(),
              embeddedModel);
      Cpu cpu = new Cpu(proc.cpuModel(), proc.cpuFeatures(), kernels);
      return new DoctorReport(
          versions, cpu, cuda(), proc.libraries(), caches(), threads, memory, problems);
    }

    /** Loads every native library there is; null where that does not work. */
    private NativeMemoryUse embedText() {
      try (ClipModel model = ClipModel.loadDefault()) {
        model.embedText("Is everything in order?");
        return ClipRuntime.nativeMemory();
      } catch (RuntimeException | LinkageError e) {
        problems.add(Failure.of(e).getMessage());
        return null;
      }
    }

    private Map<String, String> versions() {
      Version version = new Version();
      Map<String, String> versions = new LinkedHashMap<>();
      versions.put("clip4j", version.of("clip4j"));
      versions.put("java", Runtime.version() + ", " + System.getProperty("java.vm.name"));
      versions.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
      versions.put("javacpp", version.of("javacpp"));
      versions.put("libtorch", Objects.toString(quietly(Native::torchVersion), "unknown"));
      versions.put("opencv", Objects.toString(quietly(Native::opencvVersion), "unknown"));
      versions.put("tokenizers", version.of("tokenizers"));
      return versions;
    }

    /** None is no problem. */
    private static String cuda() {
      try {
        return Native.cudaDevice(0);
      } catch (Clip4jException e) {
        return e.getMessage();
      } catch (LinkageError e) {
        return "unknown";
      }
    }

    private List<Cache> caches() {
      List<Cache> caches = new ArrayList<>();
      Path home = Path.of(System.getProperty("user.home"));
      caches.add(cache("models", home.resolve(".cache/clip4j")));
      caches.add(cache("Hugging Face hub", HubEnvironment.ofProcess().cache()));
      try {
        caches.add(cache("native libraries", Loader.getCacheDir().toPath()));
      } catch (IOException | RuntimeException e) {
        problems.add(
            Failure.line("cache", "" + e.getMessage(), "set org.bytedeco.javacpp.cachedir"));
      }
      String djl =
          Objects.toString(System.getenv("DJL_CACHE_DIR"), home.resolve(".djl.ai").toString());
      caches.add(cache("tokenizers", Path.of(djl)));
      return caches;
    }

    private static Cache cache(String name, Path folder) {
      try (Stream<Path> files = Files.exists(folder) ? Files.walk(folder) : Stream.empty()) {
        long bytes =
            files
                .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                .mapToLong(file -> file.toFile().length())
                .sum();
        return new Cache(name, folder.toString(), bytes);
      } catch (IOException | UncheckedIOException e) {
        return new Cache(name, folder.toString(), 0);
      }
    }

    /** Null where it does not work, which {@link #embedText} has found already. */
    private static <T> T quietly(Supplier<T> look) {
      try {
        return look.get();
      } catch (RuntimeException | LinkageError e) {
        return null;
      }
    }
  }
}

package io.github.clip4j.cli;

import ai.djl.util.Utils;
import com.sun.management.OperatingSystemMXBean;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ClipRuntime;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.NativeMemoryUse;
import io.github.clip4j.Precision;
import io.github.clip4j.internal.Native;
import io.github.clip4j.internal.hub.HubEnvironment;
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

/** Looks at one thing after the other; what fails becomes a problem and not the end. */
final class Checkup {
  private final List<String> problems = new ArrayList<>();
  private final Proc proc = new Proc();

  /** The whole report. */
  DoctorReport report() {
    NativeMemoryUse embeddedModel = embedText();
    Map<String, String> versions = versions();
    Map<String, String> kernels = new LinkedHashMap<>();
    kernels.put("search", Objects.toString(quietly(SearchRuntime::kernel), "unknown"));
    for (Precision precision : List.of(Precision.BF16, Precision.INT8)) {
      kernels.put(
          precision + " encoder", embeddedModel == null ? "unknown" : encoderKernel(precision));
    }
    DoctorReport.Threads threads =
        new DoctorReport.Threads(
            quietly(SearchRuntime::threads),
            Runtime.getRuntime().availableProcessors(),
            proc.onlineCpus());
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    DoctorReport.Memory memory =
        new DoctorReport.Memory(
            system.getTotalMemorySize(),
            Runtime.getRuntime().maxMemory(),
            proc.residentBytes(),
            embeddedModel);
    DoctorReport.Cpu cpu = new DoctorReport.Cpu(proc.cpuModel(), proc.cpuFeatures(), kernels);
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

  private String encoderKernel(Precision precision) {
    try (ClipModel model = ClipModel.loadDefault(LoadOptions.DEFAULT.withPrecision(precision))) {
      return model.kernel();
    } catch (RuntimeException | LinkageError e) {
      problems.add(precision + ": " + Failure.of(e).getMessage());
      return "unknown";
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

  private List<DoctorReport.Cache> caches() {
    List<DoctorReport.Cache> caches = new ArrayList<>();
    Path home = Path.of(System.getProperty("user.home"));
    caches.add(cache("models", home.resolve(".cache/clip4j")));
    caches.add(cache("Hugging Face hub", HubEnvironment.ofProcess().cache()));
    try {
      caches.add(cache("native libraries", Loader.getCacheDir().toPath()));
    } catch (IOException | RuntimeException e) {
      problems.add(Failure.line("cache", "" + e.getMessage(), "set org.bytedeco.javacpp.cachedir"));
    }
    caches.add(cache("tokenizers", Utils.getCacheDir()));
    return caches;
  }

  private static DoctorReport.Cache cache(String name, Path folder) {
    try (Stream<Path> files = Files.exists(folder) ? Files.walk(folder) : Stream.empty()) {
      long bytes =
          files
              .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
              .mapToLong(file -> file.toFile().length())
              .sum();
      return new DoctorReport.Cache(name, folder.toString(), bytes);
    } catch (IOException | UncheckedIOException e) {
      return new DoctorReport.Cache(name, folder.toString(), 0);
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

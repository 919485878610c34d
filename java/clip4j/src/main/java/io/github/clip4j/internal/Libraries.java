package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.NativeLoader.Needs;
import io.github.clip4j.search.internal.NativeLoader.Requirement;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * What libclip4j links to, and where it comes from. libtorch is one of three: that of the folder
 * which the system property clip4j.libtorch names (lib inside a libtorch or inside Python's torch),
 * Bytedeco's with CUDA where its jar is there, or Bytedeco's without. All else is Bytedeco's;
 * Bytedeco's own JNI libraries are not loaded.
 */
final class Libraries {
  static final String PROPERTY = "clip4j.libtorch";

  /** Chooses how libgomp waits, so it comes before it. */
  private static final String OPENMP = "clip4j_openmp";

  private static final List<String> GOMP = List.of(OPENMP, "gomp@.1");
  private static final List<String> OPENBLAS =
      List.of("gcc_s@.1", "quadmath@.0", "gfortran@.5", "openblas@.0");
  private static final List<String> TORCH = List.of("c10", "torch_cpu");
  private static final List<String> OPENCV =
      List.of("opencv_core@.413", "opencv_imgproc@.413", "opencv_imgcodecs@.413");

  /** Of CUDA 13.1 and cuDNN 9, which Bytedeco's libtorch is built with. */
  private static final List<String> CUDA =
      List.of(
          "cudart@.13",
          "cublasLt@.13",
          "cublas@.13",
          "cufft@.12",
          "cupti@.13",
          "curand@.10",
          "nvJitLink@.13",
          "cusparse@.12",
          "cusolver@.12",
          "nvrtc-builtins@.13.1",
          "nvrtc@.13",
          "cudnn_graph@.9",
          "cudnn_engines_precompiled@.9",
          "cudnn_engines_runtime_compiled@.9",
          "cudnn_heuristic@.9",
          "cudnn_ops@.9",
          "cudnn_adv@.9",
          "cudnn_cnn@.9",
          "cudnn@.9",
          "cufile@.0",
          "nccl@.2");

  private static final List<String> TORCH_CUDA = List.of("c10_cuda", "torch_cuda");
  private static final List<String> CUDA_FOLDERS =
      List.of("/usr/local/cuda-13.1/lib64", "/usr/local/cuda/lib64");

  private static final Requirement NEEDS_OPENBLAS =
      new Requirement("/org/bytedeco/openblas/%s/libopenblas.so.0", "org.bytedeco:openblas");
  private static final Requirement NEEDS_OPENCV =
      new Requirement("/org/bytedeco/opencv/%s/libopencv_core.so.413", "org.bytedeco:opencv");
  private static final Requirement NEEDS_TORCH =
      new Requirement("/org/bytedeco/pytorch/%s/libtorch_cpu.so", "org.bytedeco:pytorch");

  private Libraries() {}

  /** As this process' properties and class path have it. */
  static Needs ofProcess() {
    String folder = System.getProperty(PROPERTY, "");
    if (!folder.isEmpty()) {
      return ofFolder(Path.of(folder).toAbsolutePath());
    }
    return torchHasCuda()
        ? new Needs(
            List.of(),
            List.of(),
            all(List.of(GOMP, OPENBLAS, CUDA, TORCH, TORCH_CUDA, OPENCV)),
            "-gpu",
            CUDA_FOLDERS,
            List.of(NEEDS_OPENBLAS, NEEDS_OPENCV))
        : new Needs(
            List.of(),
            List.of(),
            all(List.of(GOMP, OPENBLAS, TORCH, OPENCV)),
            "",
            List.of(),
            List.of(NEEDS_OPENBLAS, NEEDS_TORCH, NEEDS_OPENCV));
  }

  /** Whether a jar has it, as JavaCPP will look for it: a module's own classes see its own jar. */
  private static boolean torchHasCuda() {
    String file = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libtorch_cuda.so";
    try {
      return Loader.findResource(Native.class, file) != null;
    } catch (IOException unreadable) {
      return false;
    }
  }

  /** Opened by their paths: what they need in turn, they find from there. */
  private static Needs ofFolder(Path folder) {
    if (!Files.isRegularFile(folder.resolve(file("torch_cpu")))) {
      throw new Clip4jException(
          Kind.MISSING,
          "-D%s=%s: there is no %s in this folder (name the folder lib inside a libtorch, or torch/lib of Python's torch, 2.10 or newer)"
              .formatted(PROPERTY, folder, file("torch_cpu")));
    }
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder)) {
      files.add(openmp());
      all.filter(file -> file.getFileName().toString().startsWith(file("gomp").replace(".so", "")))
          .sorted()
          .forEach(files::add);
    } catch (IOException e) {
      throw new Clip4jException(
          Kind.UNREADABLE, "-D%s=%s: %s".formatted(PROPERTY, folder, e.getMessage()), e);
    }
    files.addAll(existing(folder, TORCH));
    // Where one of CUDA's does not load, whoever asks for a GPU hears why, and the CPU works.
    return new Needs(
        files,
        existing(folder, TORCH_CUDA),
        all(List.of(List.of(OPENMP), OPENBLAS, OPENCV)),
        "",
        List.of(),
        List.of(NEEDS_OPENBLAS, NEEDS_OPENCV));
  }

  private static List<Path> existing(Path folder, List<String> libraries) {
    return libraries.stream()
        .map(name -> folder.resolve(file(name)))
        .filter(Files::isRegularFile)
        .toList();
  }

  private static Path openmp() throws IOException {
    File file = Loader.cacheResource(Native.class, Loader.getPlatform() + "/" + file(OPENMP));
    if (file == null) {
      throw new Clip4jException(
          Kind.MISSING,
          "no native library of io.github.clip4j:clip4j for "
              + Loader.getPlatform()
              + " on the class path or module path: add its jar with that classifier");
    }
    return file.toPath();
  }

  private static String file(String library) {
    return System.mapLibraryName(library);
  }

  private static List<String> all(List<List<String>> parts) {
    return parts.stream().flatMap(List::stream).toList();
  }
}

package io.github.clip4j.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrariesTest {
  @TempDir Path folder;

  @Test
  void saysWhatIsWrongWithALibtorch() throws Exception {
    String text = load(folder).out();
    assertTrue(text.startsWith("MISSING -Dclip4j.libtorch=" + folder), text);
    assertTrue(text.contains("there is no libtorch_cpu.so in this folder"), text);
    Files.writeString(folder.resolve("libtorch_cpu.so"), "no library");
    text = load(folder).out(); // and the JVM has a warning about that file
    assertTrue(text.startsWith("UNSUPPORTED a native library does not load: " + folder), text);
  }

  @Test
  void takesTheLibtorchOfAFolder() throws Exception {
    Path libtorch = bytedecos("libtorch");
    ChildJvm.Result result = load(libtorch);
    assertEquals("", result.err());
    assertEquals("2.10.0 " + libtorch.resolve("libtorch_cpu.so"), result.out());
  }

  /** As where CUDA's libraries are missing, or are of another version. */
  @Test
  void theCpuWorksWhereThoseForGpusDoNotLoad() throws Exception {
    Path libtorch = bytedecos("libtorch-broken-cuda");
    for (String library : new String[] {"libc10_cuda.so", "libtorch_cuda.so"}) {
      Files.writeString(libtorch.resolve(library), "no library");
    }
    ChildJvm.Result result =
        new ChildJvm().options("-Dclip4j.libtorch=" + libtorch).run(LoadedLibtorch.class, "gpu");
    assertEquals(0, result.exit(), result.err());
    String[] lines = result.out().split("\n");
    assertEquals("2.10.0 " + libtorch.resolve("libtorch_cpu.so"), lines[0]);
    assertTrue(lines[1].matches("UNSUPPORTED .*(CUDA|cuda).*"), lines[1]);
    assertEquals(2, lines.length);
  }

  /** Bytedeco's own, with what it needs beside it, as other libtorchs have it. */
  private static Path bytedecos(String folder) throws IOException {
    Path unpacked = Path.of(System.getProperty("clip4j.root"), "build/bytedeco/org/bytedeco");
    assumeTrue(Files.isDirectory(unpacked));
    Path libtorch = Files.createDirectories(Path.of("target", folder)).toRealPath();
    for (String part : new String[] {"pytorch", "openblas"}) {
      link(unpacked.resolve(part).resolve("linux-x86_64"), libtorch);
    }
    return libtorch;
  }

  /** The JVM opens what symbolic links lead to, so these are none. */
  private static void link(Path from, Path to) throws IOException {
    try (Stream<Path> libraries = Files.list(from)) {
      for (Path library : libraries.toList()) {
        Path link = to.resolve(library.getFileName());
        Files.deleteIfExists(link);
        Files.createLink(link, library);
      }
    }
  }

  private static ChildJvm.Result load(Path libtorch) throws Exception {
    ChildJvm.Result result =
        new ChildJvm().options("-Dclip4j.libtorch=" + libtorch).run(LoadedLibtorch.class);
    assertEquals(0, result.exit(), result.err());
    return result;
  }

  /** Prints the version of the libtorch and its files, or why there is none, on a GPU or at all. */
  static final class LoadedLibtorch {
    public static void main(String[] arguments) throws IOException {
      try {
        Native.load();
      } catch (Clip4jException e) {
        System.out.print(e.kind() + " " + e.getMessage());
        return;
      }
      System.out.print(Native.torchVersion());
      try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
        maps.filter(line -> line.endsWith("/libtorch_cpu.so"))
            .map(line -> line.substring(line.indexOf('/')))
            .distinct()
            .forEach(file -> System.out.print(" " + file));
      }
      if (arguments.length > 0) {
        try {
          System.out.print("\n" + Native.cudaDevice(0));
        } catch (Clip4jException e) {
          System.out.print("\n" + e.kind() + " " + e.getMessage());
        }
      }
    }
  }
}

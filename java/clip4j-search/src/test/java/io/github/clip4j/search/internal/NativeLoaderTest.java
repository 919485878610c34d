package io.github.clip4j.search.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.SearchRuntime;
import io.github.clip4j.testing.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLoaderTest {
  @TempDir Path folder;

  @Test
  void namesTheJarThatIsMissing() throws Exception {
    String text = failure(new ChildJvm().classPath(entry -> !entry.endsWith("/natives")));
    assertTrue(
        text.startsWith("MISSING no native library of io.github.clip4j:clip4j-search for "), text);
    text =
        failure(
            new ChildJvm()
                .classPath(entry -> !entry.matches(".*/javacpp-[0-9.]+-linux-x86_64\\.jar")));
    assertTrue(text.startsWith("MISSING no native library of org.bytedeco:javacpp for "), text);
  }

  @Test
  void namesThePlatformThatIsMissing() throws Exception {
    String text = failure(new ChildJvm().options("-Dorg.bytedeco.javacpp.platform=linux-riscv64"));
    assertTrue(text.contains("for linux-riscv64"), text);
  }

  @Test
  void saysWhatToDoAboutACacheFolderThatIsNone() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    String text =
        failure(
            new ChildJvm()
                .options(
                    "-Dorg.bytedeco.javacpp.cachedir=" + file,
                    "-Duser.home=" + file,
                    "-Djava.io.tmpdir=" + file));
    assertTrue(text.contains("-Dorg.bytedeco.javacpp.cachedir=DIR"), text);
  }

  @Test
  void explainsFoldersThatForbidExecution() {
    LinkageError failed =
        new UnsatisfiedLinkError(
            "/c/libjniclip4j_search.so: failed to map segment from shared object");
    Clip4jException explained =
        LoadFailure.explain(failed, Native.class, "io.github.clip4j:clip4j-search", List.of());
    assertEquals(Kind.UNSUPPORTED, explained.kind());
    assertSame(failed, explained.getCause());
    assertTrue(explained.getMessage().contains("noexec"), explained.getMessage());
    assertTrue(
        explained.getMessage().contains("-Dorg.bytedeco.javacpp.cachedir=DIR"),
        explained.getMessage());
  }

  @Test
  void givesTheLinkersReasonAndNotWhereItWasLookedFor() {
    LinkageError failed = new UnsatisfiedLinkError("no jnix in java.library.path: /lib");
    failed.initCause(new UnsatisfiedLinkError("/c/libjnix.so: libtorch_cpu.so: cannot open"));
    String message = LoadFailure.explain(failed, Native.class, "a:b", List.of()).getMessage();
    assertEquals(
        "a native library does not load: /c/libjnix.so: libtorch_cpu.so: cannot open", message);
  }

  /** Java 24 and newer throw it where --illegal-native-access=deny or --enable-native-access is. */
  @Test
  void namesTheFlagWhereNativeAccessIsDenied() {
    IllegalCallerException failed =
        new IllegalCallerException("Illegal native access from an unnamed module (file:/x.jar)");
    String message = LoadFailure.explain(failed, Native.class, "a:b", List.of()).getMessage();
    assertTrue(message.contains("--enable-native-access=ALL-UNNAMED"), message);
  }

  @Test
  void explainsOtherFailuresInOneLine() {
    Map<String, String> texts =
        Map.of(
            "libm.so.6: version `GLIBC_2.99' not found (required by x.so)\nmore",
                "version `GLIBC_2.99' not found",
            "x.so: undefined symbol: clip4j_search_kernel\nmore",
                "undefined symbol: clip4j_search_kernel",
            "java.io.IOException: No space left on device", "cannot be unpacked",
            "Native Library /c/x.so already loaded in another classloader",
                "the container's lib folder");
    texts.forEach(
        (text, expected) -> {
          LinkageError failed = new UnsatisfiedLinkError("first");
          failed.initCause(new UnsatisfiedLinkError(text));
          if (!text.contains("GLIBC") && !text.contains("space")) {
            failed = new UnsatisfiedLinkError(text);
          }
          String message = LoadFailure.explain(failed, Native.class, "a:b", List.of()).getMessage();
          assertTrue(message.contains(expected), message);
          assertFalse(message.contains("\n"), message);
        });
  }

  @Test
  void knowsMusl() throws Exception {
    Path maps = folder.resolve("maps");
    Files.writeString(maps, "7f0 r-xp 00000000 08:01 1 /lib/x86_64-linux-gnu/libc.so.6\n");
    assertFalse(LoadFailure.usesMusl(maps));
    Files.writeString(maps, "7f0 r-xp 00000000 08:01 1 /lib/ld-musl-x86_64.so.1\n");
    assertTrue(LoadFailure.usesMusl(maps));
    assertFalse(LoadFailure.usesMusl(folder.resolve("none")));
    LoadFailure.refuseMusl();
  }

  @Test
  void knowsWhereItsLibraryCameFrom() {
    Native.load();
    assertTrue(NativeLoader.loaded().get(Native.class).endsWith("libjniclip4j_search.so"));
  }

  @Test
  void theJvmMayExitWhileThreadsLoad() throws Exception {
    for (int repeat = 0; repeat < 5; repeat++) {
      ChildJvm.Result result =
          new ChildJvm()
              .options("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache" + repeat))
              .run(ExitWhileLoading.class, String.valueOf(repeat * 40));
      assertEquals(0, result.exit(), result.err());
      assertEquals("", result.err());
    }
  }

  private static String failure(ChildJvm jvm) throws Exception {
    ChildJvm.Result result = jvm.run(Fails.class);
    assertEquals("", result.err());
    assertEquals(0, result.exit());
    return result.out();
  }

  /** Prints why the library does not load, the same twice. */
  static final class Fails {
    public static void main(String[] arguments) {
      String first = attempt();
      if (!first.equals(attempt())) {
        throw new AssertionError("another message the second time");
      }
      System.out.print(first);
    }

    private static String attempt() {
      try {
        return SearchRuntime.kernel();
      } catch (Clip4jException e) {
        return e.kind() + " " + e.getMessage();
      }
    }
  }

  /** Exits so many milliseconds after eight threads began to load the library. */
  static final class ExitWhileLoading {
    public static void main(String[] arguments) throws InterruptedException {
      for (int i = 0; i < 8; i++) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    SearchRuntime.kernel();
                  } catch (Clip4jException e) {
                    if (e.kind() != Kind.SHUTTING_DOWN) {
                      throw e;
                    }
                  }
                });
        thread.setDaemon(true);
        thread.start();
      }
      Thread.sleep(Long.parseLong(arguments[0]));
      System.exit(0);
    }
  }
}

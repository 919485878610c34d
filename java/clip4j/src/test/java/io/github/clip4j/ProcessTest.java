package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.internal.hub.FakeHub;
import io.github.clip4j.testing.ChildJvm;
import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a JVM of its own can show. */
class ProcessTest {
  @TempDir Path temp;

  /** Loads and encodes on 8 threads, and exits in the middle of it. */
  static final class ExitsWhileBusy {
    public static void main(String[] args) throws InterruptedException {
      for (int i = 0; i < 8; i++) {
        Thread thread =
            new Thread(
                () -> {
                  while (true) {
                    try (ClipModel model = TinyModel.load()) {
                      model.embedTexts("a photo of a cat").close();
                      model.embedImages(TinyModel.picture()).close();
                    }
                  }
                });
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((t, e) -> {});
        thread.start();
      }
      Thread.sleep(Long.parseLong(args[0]));
      System.exit(7);
    }
  }

  @Test
  void exitAtAnyTime() throws Exception {
    for (int delay : new int[] {0, 100, 400, 800, 1600, 3200}) {
      ChildJvm.Result ended = new ChildJvm().run(ExitsWhileBusy.class, String.valueOf(delay));
      assertEquals(7, ended.exit(), "after " + delay + " ms: " + ended.err());
      assertEquals("", ended.err(), "after " + delay + " ms");
    }
  }

  /** Prints every address that anything in this JVM asks to be connected to. */
  static final class Offline {
    public static void main(String[] args) throws IOException {
      ProxySelector.setDefault(
          new ProxySelector() {
            @Override
            public List<Proxy> select(URI address) {
              System.out.println(address);
              return List.of(Proxy.NO_PROXY);
            }

            @Override
            public void connectFailed(URI address, SocketAddress proxy, IOException failure) {}
          });
      long before = sockets();
      try (ClipModel model = args.length == 0 ? TinyModel.load() : ClipModel.load(args[0])) {
        model.embedTexts("a photo of a cat").close();
        model.embedImages(TinyModel.picture()).close();
      }
      System.out.println("new sockets: " + (sockets() - before));
      System.out.println("offline mode: " + System.getProperty("ai.djl.offline"));
    }

    /** Open internet sockets; the JDK has a pair of local ones of its own. */
    private static long sockets() throws IOException {
      StringBuilder known = new StringBuilder();
      for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
        known.append(Files.readString(Path.of("/proc/self/net", table)));
      }
      long count = 0;
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        for (Path descriptor : open.filter(Files::isSymbolicLink).toList()) {
          String target = Files.readSymbolicLink(descriptor).toString();
          if (target.startsWith("socket:[")
              && known.indexOf(" " + target.replaceAll("\\D", "") + " ") >= 0) {
            count++;
          }
        }
      }
      return count;
    }
  }

  /** As on a thread of the common pool in an application server. */
  static final class OtherContext {
    public static void main(String[] args) {
      Thread.currentThread().setContextClassLoader(ClassLoader.getPlatformClassLoader());
      try (ClipModel model = TinyModel.load()) {
        System.out.println(model.embedText("a photo of a cat").length);
      }
    }
  }

  @Test
  void aThreadsContextDoesNotMatter() throws Exception {
    ChildJvm.Result ended = new ChildJvm().run(OtherContext.class);
    assertEquals("", ended.err());
    assertEquals("16\n", ended.out());
  }

  /** As where the machine went down while the library was unpacked. */
  @Test
  void halfATokenizerLibraryIsReplaced() throws Exception {
    ChildJvm jvm = new ChildJvm().options("-DDJL_CACHE_DIR=" + temp);
    assertEquals("16\n", jvm.run(OtherContext.class).out());
    List<Path> libraries;
    try (Stream<Path> files = Files.walk(temp)) {
      libraries = files.filter(file -> file.endsWith("libtokenizers.so")).toList();
    }
    assertEquals(1, libraries.size());
    long whole = Files.size(libraries.get(0));
    for (int left : new int[] {0, 50_000}) {
      byte[] begin = Arrays.copyOf(Files.readAllBytes(libraries.get(0)), left);
      Files.write(libraries.get(0), begin);
      ChildJvm.Result ended = jvm.run(OtherContext.class);
      assertEquals("16\n", ended.out(), ended.err());
      assertEquals(whole, Files.size(libraries.get(0)));
    }
  }

  @Test
  void nothingConnectsToAnywhere() throws Exception {
    ChildJvm.Result ended = new ChildJvm().run(Offline.class);
    assertEquals("", ended.err());
    assertEquals(0, ended.exit());
    assertEquals("new sockets: 0\noffline mode: null\n", ended.out());
  }

  @Test
  void aModelOfTheHubConnectsToNothingOffline() throws Exception {
    try (FakeHub hub = new FakeHub(TinyModel.directory())) {
      ChildJvm jvm =
          new ChildJvm()
              .environment("HF_ENDPOINT", hub.endpoint())
              .environment("HF_HUB_OFFLINE", "0")
              .environment("HF_HUB_CACHE", temp.toString());
      ChildJvm.Result online = jvm.run(Offline.class, "org/tiny");
      assertEquals("", online.err());
      assertTrue(online.out().startsWith(hub.endpoint() + "/api/models/org/tiny/"), online.out());
      ChildJvm.Result offline =
          jvm.environment("HF_HUB_OFFLINE", "1").run(Offline.class, "org/tiny");
      assertEquals("", offline.err());
      assertEquals("new sockets: 0\noffline mode: null\n", offline.out());
    }
  }

  /** Loads a model and prints what its download's listener heard last. */
  static final class Listener {
    public static void main(String[] args) {
      List<String> heard = Collections.synchronizedList(new ArrayList<>());
      LoadOptions options =
          LoadOptions.DEFAULT.withProgress((received, total) -> heard.add(received + "/" + total));
      ClipModel.load(args[0], options).close();
      System.out.println(heard.isEmpty() ? "nothing" : heard.get(heard.size() - 1));
    }
  }

  @Test
  void aDownloadOfTheHubIsListenedTo() throws Exception {
    try (FakeHub hub = new FakeHub(TinyModel.directory())) {
      ChildJvm jvm =
          new ChildJvm()
              .environment("HF_ENDPOINT", hub.endpoint())
              .environment("HF_HUB_OFFLINE", "0")
              .environment("HF_HUB_CACHE", temp.toString());
      long bytes = 0;
      ChildJvm.Result first = jvm.run(Listener.class, "org/tiny");
      assertEquals("", first.err());
      try (Stream<Path> blobs = Files.list(temp.resolve("models--org--tiny/blobs"))) {
        for (Path blob : blobs.toList()) {
          bytes += Files.size(blob);
        }
      }
      assertEquals(bytes + "/" + bytes + "\n", first.out());
      assertEquals("nothing\n", jvm.run(Listener.class, "org/tiny").out(), "it is there");
    }
  }

  /** Prints by how many bytes the process grew in a million calls. */
  static final class TinyCalls {
    public static void main(String[] args) throws IOException {
      LoadOptions options = LoadOptions.DEFAULT.withThreads(1);
      try (ClipModel model = ClipModel.load(TinyModel.directory(), options)) {
        call(model, 100_000);
        long before = ChildJvm.residentBytes();
        call(model, 1_000_000);
        System.out.println(ChildJvm.residentBytes() - before);
      }
    }

    /** Every hundredth call encodes, too, which takes a hundred times as long. */
    private static void call(ClipModel model, int count) {
      for (int i = 0; i < count; i++) {
        model.tokenize("");
        if (i % 100 == 0) {
          model.embedText("");
        }
      }
    }
  }

  @Test
  void aMillionTinyCallsLeaveMemoryFlat() throws Exception {
    ChildJvm.Result ended = new ChildJvm().residentHeap().run(TinyCalls.class);
    assertEquals("", ended.err());
    assertEquals(0, ended.exit());
    long growth = Long.parseLong(ended.out().strip());
    assertTrue(growth < 16 << 20, "a million calls took " + growth + " bytes");
  }

  /** Makes every kind of mistake that native code reports. */
  static final class Mistakes {
    public static void main(String[] args) throws IOException {
      try (ClipModel model = TinyModel.load()) {
        Path text = Files.writeString(Path.of(args[0]), "text");
        byte[] jpeg = Files.readAllBytes(TinyModel.file("photo.jpg"));
        byte[] cut = java.util.Arrays.copyOf(jpeg, jpeg.length / 2);
        model
            .embedImages(
                ImageSource.of(text), ImageSource.of(Path.of("/none")), ImageSource.of(cut))
            .close();
        model.embedTexts("word ".repeat(100), "a");
      }
    }
  }

  @Test
  void stderrHasOurOwnLinesAlone() throws Exception {
    ChildJvm.Result ended = new ChildJvm().run(Mistakes.class, temp.resolve("text.jpg").toString());
    assertEquals(0, ended.exit());
    assertTrue(
        ended.err().contains("1 of 2 texts were cut to 32 tokens, the first at index 0"),
        ended.err());
    assertEquals(2, ended.err().lines().count(), ended.err());
  }
}

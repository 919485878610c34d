package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads by several processes, and by one that is killed. */
class HubProcessTest {
  @TempDir Path cache;

  /** Fetches org/tiny and prints its folder; is killed where more than so many bytes have come. */
  static final class Fetcher {
    public static void main(String[] args) {
      long end = Long.parseLong(args[0]);
      Path folder =
          Hub.directory(
              HubName.parse("org/tiny").orElseThrow(),
              false,
              (received, total) -> {
                if (received > end) {
                  Runtime.getRuntime().halt(9);
                }
              });
      System.out.println(folder);
    }
  }

  private ChildJvm.Result fetch(FakeHub hub, long end) throws Exception {
    return new ChildJvm()
        .environment("HF_ENDPOINT", hub.endpoint())
        .environment("HF_HUB_OFFLINE", "0")
        .environment("HF_HUB_CACHE", cache.toString())
        .run(Fetcher.class, "" + end);
  }

  private void assertComplete(FakeHub hub, ChildJvm.Result ended) throws Exception {
    assertEquals("", ended.err());
    assertEquals(0, ended.exit());
    Path folder = Path.of(ended.out().strip());
    assertArrayEquals(hub.files.get(WEIGHTS), Files.readAllBytes(folder.resolve(WEIGHTS)));
    try (Stream<Path> blobs = Files.list(cache.resolve("models--org--tiny/blobs"))) {
      assertEquals(4, blobs.count());
    }
  }

  @Test
  void twoProcessesFetchItOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (FakeHub hub = new FakeHub()) {
      Future<ChildJvm.Result> one = threads.submit(() -> fetch(hub, Long.MAX_VALUE));
      Future<ChildJvm.Result> other = threads.submit(() -> fetch(hub, Long.MAX_VALUE));
      assertComplete(hub, one.get());
      assertComplete(hub, other.get());
      assertEquals(1, hub.contentRequests().size());
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aKilledProcessIsContinuedByTheNext() throws Exception {
    try (FakeHub hub = new FakeHub()) {
      assertEquals(9, fetch(hub, 50_000).exit());
      assertEquals(9, fetch(hub, 200_000).exit());
      assertComplete(hub, fetch(hub, Long.MAX_VALUE));
      List<String> requests = hub.contentRequests();
      assertEquals(3, requests.size());
      int begun = Integer.parseInt(requests.get(2).replaceAll("\\D", ""));
      assertTrue(begun > 190_000 && begun < 300_000, requests.toString());
    }
  }
}

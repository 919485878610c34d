package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is in the cache, is put there and leaves it. */
class HubCacheTest extends HubTransfer {
  /**
   * What our downloads left of files that nobody wants any more, or that are there by now; Python's
   * are its own affair.
   */
  @Test
  void deletesWhatWasLeftForNothing() throws IOException {
    Files.createDirectories(blobs());
    String[] names = {
      "a.clip4j-0.incomplete", "b.clip4j-0.incomplete", "c.clip4j-0.incomplete", "a.incomplete", "c"
    };
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofDays(8)));
    for (String name : names) {
      Files.write(blobs().resolve(name), new byte[10]);
      if (name.startsWith("a")) {
        Files.setLastModifiedTime(blobs().resolve(name), longAgo);
      }
    }
    open();
    assertEquals(
        List.of("a.incomplete", "b.clip4j-0.incomplete"),
        incomplete().stream().map(file -> file.getFileName().toString()).sorted().toList());
    assertTrue(Files.exists(blobs().resolve("c")));
  }

  /** Python may have brought the blob that our killed process had begun. */
  @Test
  void deletesItWhereNothingIsFetchedToo() throws IOException {
    open();
    Files.write(blobs().resolve(server.etag(WEIGHTS) + ".clip4j-0.incomplete"), new byte[10]);
    open();
    assertWhole();
    assertEquals(1, server.contentRequests().size());
  }

  @Test
  void aBlobOfTheWrongLengthIsReplaced() throws IOException {
    Files.createDirectories(blobs());
    Files.write(blob(), new byte[5]);
    open();
    assertWhole();
  }

  @Test
  void copiesWhereTheFileSystemHasNoLinks() throws IOException {
    HubCache plain =
        new HubCache(
            cache,
            TINY,
            (link, target) -> {
              throw new UnsupportedOperationException();
            });
    Files.write(plain.blob("etag"), new byte[] {1, 2, 3});
    plain.link(COMMIT, "config.json", "etag");
    Path file = plain.snapshot(COMMIT).resolve("config.json");
    assertFalse(Files.isSymbolicLink(file));
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    try (Stream<Path> files = Files.list(plain.snapshot(COMMIT))) {
      assertEquals(List.of(file), files.toList());
    }
  }
}

package io.github.clip4j.internal.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a file of the cache is until all its bytes are there. */
class PartialBlobTest extends HubTransfer {
  @Test
  void takesWhatWasLeftWhereTheDiskHasNoRoomForACopy() throws IOException {
    Files.createDirectories(blobs());
    String[] names = {"a.clip4j-0.incomplete", "a.clip4j-1.incomplete", "a.incomplete"};
    for (int i = 0; i < names.length; i++) {
      Files.write(blobs().resolve(names[i]), new byte[i + 1]);
    }
    try (PartialBlob part = PartialBlob.resume(blobs().resolve("a"), Long.MAX_VALUE, true)) {
      assertEquals(2, part.size());
      Set<Path> left = Set.copyOf(incomplete());
      assertEquals(2, left.size());
      assertTrue(left.contains(blobs().resolve("a.incomplete")));
      assertFalse(left.contains(blobs().resolve("a.clip4j-0.incomplete")));
      assertFalse(left.contains(blobs().resolve("a.clip4j-1.incomplete")));
    }
  }

  /** Some mirrors' hash of a small file. */
  @Test
  void aPlainSha1() throws IOException {
    byte[] content = {1, 2, 3};
    Path blob = Files.createDirectories(blobs()).resolve(FakeHub.hash("SHA-1", content));
    try (PartialBlob part = PartialBlob.open(blob, 3)) {
      part.append(content, 2);
      assertFalse(part.isRight());
      part.append(new byte[] {3}, 1);
      assertTrue(part.isRight());
    }
  }
}

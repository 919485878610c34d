package io.github.clip4j.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The test resources hold a manifest of one small file in the real one's place. */
class DefaultModelTest {
  @TempDir Path cache;

  private void assertOnlyFolder(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory.getParent())) {
      assertEquals(List.of(directory), files.toList());
    }
  }

  @Test
  void isExtractedOnceAndRepaired() throws IOException {
    Path models = cache.resolve("a/b");
    Path file = DefaultModel.directory(models).resolve("config.json");
    assertEquals("{}\n", Files.readString(file));
    Object key = Files.getLastModifiedTime(file);
    assertEquals(file.getParent(), DefaultModel.directory(models));
    assertEquals(key, Files.getLastModifiedTime(file));
    Files.writeString(file, "cut");
    Files.writeString(file, "");
    DefaultModel.directory(models);
    assertEquals("{}\n", Files.readString(file));
    Files.delete(file);
    DefaultModel.directory(models);
    assertEquals("{}\n", Files.readString(file));
    assertOnlyFolder(file.getParent());
  }

  @Test
  void manyAtOnce() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<Path>> directories = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      directories.add(pool.submit(() -> DefaultModel.directory(cache)));
    }
    for (Future<Path> directory : directories) {
      assertEquals("{}\n", Files.readString(directory.get().resolve("config.json")));
    }
    pool.shutdown();
    assertOnlyFolder(directories.get(0).get());
  }

  /** As when an image is built by one user and run by another. */
  @Test
  void otherUsersMayReadItWhereTheyMayReadAnyFolder() throws IOException {
    Path plain = Files.createDirectory(cache.resolve("plain"));
    assertEquals(
        Files.getPosixFilePermissions(plain),
        Files.getPosixFilePermissions(DefaultModel.directory(cache.resolve("models"))));
  }

  @Test
  void aCacheThatCannotBe() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "");
    assertThrows(Clip4jException.class, () -> DefaultModel.directory(file.resolve("models")));
  }
}

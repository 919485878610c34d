package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
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
    int threads = 8;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    CyclicBarrier start = new CyclicBarrier(threads);
    for (int repeat = 0; repeat < 20; repeat++) {
      Path models = cache.resolve("" + repeat);
      List<Future<Path>> directories = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        directories.add(
            pool.submit(
                () -> {
                  start.await();
                  return DefaultModel.directory(models);
                }));
      }
      for (Future<Path> directory : directories) {
        assertEquals("{}\n", Files.readString(directory.get().resolve("config.json")));
      }
      assertOnlyFolder(directories.get(0).get());
    }
    pool.shutdown();
  }

  /** DefaultModel and its package once more, with another model's jar. */
  private static final class WrongManifest extends ClassLoader {
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      if (!name.startsWith(DefaultModel.class.getPackageName() + ".")) {
        return super.loadClass(name, resolve);
      }
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    @Override
    public InputStream getResourceAsStream(String name) {
      if (!name.endsWith("/manifest.json")) {
        return super.getResourceAsStream(name);
      }
      String manifest = "{\"files\":{\"config.json\":{\"size\":3,\"sha256\":\"%s\"}}}";
      return new ByteArrayInputStream(manifest.formatted("0".repeat(64)).getBytes());
    }
  }

  @Test
  void aJarThatIsNotWhatItsManifestSays() throws Exception {
    Method directory =
        new WrongManifest()
            .loadClass(DefaultModel.class.getName())
            .getDeclaredMethod("directory", Path.class);
    directory.setAccessible(true);
    Throwable thrown =
        assertThrows(InvocationTargetException.class, () -> directory.invoke(null, cache))
            .getCause();
    Clip4jException failure = assertInstanceOf(Clip4jException.class, thrown);
    assertTrue(failure.getMessage().contains("config.json in the jar"), failure.getMessage());
    try (Stream<Path> files = Files.list(cache)) {
      assertEquals(List.of(), files.toList());
    }
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

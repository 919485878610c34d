package io.github.clip4j.cli;

import io.github.clip4j.internal.ProcessLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One writer an index, among all processes. Makes the folder, and removes it if it stays empty. */
final class IndexLock implements AutoCloseable {
  private final Path folder;
  private final boolean isNew;
  private final ProcessLock lock;
  private final Runnable release = this::release;

  private IndexLock(Path folder, boolean isNew, ProcessLock lock) {
    this.folder = folder;
    this.isNew = isNew;
    this.lock = lock;
  }

  static IndexLock of(Path folder) {
    try {
      boolean isNew = Files.notExists(folder);
      Files.createDirectories(folder);
      ProcessLock held =
          ProcessLock.tryAcquire(folder.resolve(".lock"))
              .orElseThrow(
                  () ->
                      new Failure(
                          folder.toString(),
                          "another process is indexing into it",
                          "wait until it is done"));
      IndexLock lock = new IndexLock(folder, isNew, held);
      Cleanup.uninterrupted(() -> Cleanup.add(lock.release));
      return lock;
    } catch (IOException e) {
      throw Failure.of(folder.toString(), "cannot be written", e);
    }
  }

  @Override
  public void close() {
    Cleanup.run(release);
  }

  private void release() {
    try {
      lock.close();
      if (isNew) {
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      // The folder is not empty: there is an index.
    }
  }
}

package io.github.clip4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** One writer an index, among all processes. Makes the folder, and removes it if it stays empty. */
final class IndexLock implements AutoCloseable {
  private final Path folder;
  private final Path file;
  private final FileChannel channel;

  private final boolean isNew;
  private final Runnable release = this::release;

  private IndexLock(Path folder, boolean isNew, Path file, FileChannel channel) {
    this.folder = folder;
    this.isNew = isNew;
    this.file = file;
    this.channel = channel;
  }

  static IndexLock of(Path folder) {
    Path file = folder.resolve(".lock");
    try {
      boolean isNew = Files.notExists(folder);
      Files.createDirectories(folder);
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (isHeld(channel, file)) {
        IndexLock lock = new IndexLock(folder, isNew, file, channel);
        Cleanup.uninterrupted(() -> Cleanup.add(lock.release));
        return lock;
      }
      channel.close();
    } catch (IOException e) {
      throw Failure.of(folder.toString(), "cannot be written", e);
    }
    throw new Failure(
        folder.toString(), "another process is indexing into it", "wait until it is done");
  }

  /** A lock on a file that its last holder removed meanwhile is none. */
  private static boolean isHeld(FileChannel channel, Path file) throws IOException {
    try {
      if (channel.tryLock() == null) {
        return false;
      }
      String token = UUID.randomUUID().toString();
      channel.truncate(0).write(ByteBuffer.wrap(token.getBytes(StandardCharsets.US_ASCII)));
      return Files.readString(file, StandardCharsets.US_ASCII).equals(token);
    } catch (OverlappingFileLockException | NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public void close() {
    Cleanup.run(release);
  }

  private void release() {
    try (channel) {
      Files.deleteIfExists(file);
      if (isNew) {
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      // The folder is not empty: there is an index.
    }
  }
}

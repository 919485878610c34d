package io.github.clip4j.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A lock among all threads of all processes. It ends with the process, however that ends.
 *
 * <p>POSIX drops a process's lock on a file as soon as the process closes <em>any</em> descriptor
 * of that file. So nothing here opens the file beside the one channel, and threads of this JVM are
 * kept apart before they open it.
 */
public final class ProcessLock implements AutoCloseable {
  private static final int ATTEMPTS = 100;
  private static final long POLL_MILLIS = 50;
  private static final Set<Path> HELD = new HashSet<>();

  private final Path file;
  private final FileChannel channel;
  private final boolean stays;

  private ProcessLock(Path file, FileChannel channel, boolean stays) {
    this.file = file;
    this.channel = channel;
    this.stays = stays;
  }

  /**
   * The lock on a file that is there while the lock is held; empty where another thread or process
   * holds it. The folder must exist.
   */
  public static Optional<ProcessLock> tryAcquire(Path file) throws IOException {
    return tryAcquire(file, false);
  }

  /** Waits for the lock on a file that stays, because not only we lock it. */
  static ProcessLock await(Path file) throws IOException, InterruptedException {
    while (true) {
      Optional<ProcessLock> lock = tryAcquire(file, true);
      if (lock.isPresent()) {
        return lock.get();
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static Optional<ProcessLock> tryAcquire(Path file, boolean stays) throws IOException {
    Path folder = file.toAbsolutePath().getParent().toRealPath();
    Path real = folder.resolve(file.getFileName());
    synchronized (HELD) {
      if (HELD.contains(real)) {
        return Optional.empty();
      }
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        FileChannel channel =
            FileChannel.open(
                real, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        boolean held = false;
        try {
          if (channel.tryLock() == null) {
            return Optional.empty();
          }
          // Else its holder removed it after we had opened it.
          held = stays || channel.size() == 0;
        } finally {
          if (!held) {
            channel.close();
          }
        }
        if (held) {
          HELD.add(real);
          return Optional.of(new ProcessLock(real, channel, stays));
        }
      }
      return Optional.empty(); // The file is somebody else's.
    }
  }

  /**
   * Gives the lock back. A file that does not stay is removed, and whoever has opened it meanwhile
   * is told that it is no lock any more.
   */
  @Override
  public void close() throws IOException {
    synchronized (HELD) {
      if (channel.isOpen()) {
        HELD.remove(file);
        try (channel) {
          if (!stays) {
            Files.deleteIfExists(file);
            mark();
          }
        }
      }
    }
  }

  private void mark() {
    try {
      channel.write(ByteBuffer.allocate(1));
    } catch (IOException e) {
      // A full disk, say. It takes another process just between opening and locking to miss it.
    }
  }
}

package io.github.clip4j.internal.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A lock among all threads of all processes. It ends with the process, however that ends.
 *
 * <p>POSIX drops a process's lock on a file as soon as the process closes <em>any</em> descriptor
 * of that file. So nothing here opens the file beside the one channel, and threads of this JVM are
 * kept apart before they open it: by a system property, since this class may be there several
 * times, in class loaders that know nothing of each other.
 */
public final class ProcessLock implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");
  private static final int ATTEMPTS = 100;
  private static final long POLL_MILLIS = 50;
  private static final long TOLD_AFTER_MILLIS = 10_000;
  private static final String CLAIM = "io.github.clip4j.lock:";

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
  public static ProcessLock await(Path file) throws IOException, InterruptedException {
    for (long waited = 0; ; waited += POLL_MILLIS) {
      Optional<ProcessLock> lock = tryAcquire(file, true);
      if (lock.isPresent()) {
        return lock.get();
      }
      if (waited == TOLD_AFTER_MILLIS) {
        LOGGER.log(System.Logger.Level.INFO, "{0}: waiting for another download", file);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static Optional<ProcessLock> tryAcquire(Path file, boolean stays) throws IOException {
    Path folder = file.toAbsolutePath().getParent().toRealPath();
    Path real = folder.resolve(file.getFileName());
    if (System.getProperties().putIfAbsent(CLAIM + real, "") != null) {
      return Optional.empty();
    }
    FileChannel channel = null;
    try {
      channel = lock(real, stays);
      return Optional.ofNullable(channel).map(held -> new ProcessLock(real, held, stays));
    } finally {
      if (channel == null) {
        System.clearProperty(CLAIM + real);
      }
    }
  }

  /** The file's channel, locked; null where somebody else has it. */
  private static FileChannel lock(Path file, boolean stays) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      boolean held = false;
      try {
        if (channel.tryLock() == null) {
          return null;
        }
        // Else its holder removed it after we had opened it.
        held = stays || channel.size() == 0;
      } catch (OverlappingFileLockException e) {
        return null; // Not one of ours, or somebody has exchanged the system's properties.
      } finally {
        if (!held) {
          channel.close();
        }
      }
      if (held) {
        return channel;
      }
    }
    return null; // The file is somebody else's.
  }

  /**
   * Gives the lock back. A file that does not stay is removed, and whoever has opened it meanwhile
   * is told that it is no lock any more.
   */
  @Override
  public synchronized void close() throws IOException {
    if (!channel.isOpen()) {
      return;
    }
    try (channel) {
      if (!stays) {
        Files.deleteIfExists(file);
        mark();
      }
    } finally { // Whoever opened it before the channel is closed would lose his lock by that.
      System.clearProperty(CLAIM + file);
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

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
 * A lock among all threads of all processes, on a file that is there while the lock is held. It
 * ends with the process, however that ends.
 *
 * <p>POSIX drops a process's lock on a file as soon as the process closes <em>any</em> descriptor
 * of that file. So nothing here opens the file beside the one channel, and threads of this JVM are
 * kept apart before they open it.
 */
public final class ProcessLock implements AutoCloseable {
  private static final int ATTEMPTS = 100;
  private static final Set<Path> HELD = new HashSet<>();

  private final Path file;
  private final FileChannel channel;

  private ProcessLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** The lock; empty where another thread or process holds it. The folder must exist. */
  public static Optional<ProcessLock> tryAcquire(Path file) throws IOException {
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
          held = channel.size() == 0; // Else its holder removed it after we had opened it.
        } finally {
          if (!held) {
            channel.close();
          }
        }
        if (held) {
          HELD.add(real);
          return Optional.of(new ProcessLock(real, channel));
        }
      }
      return Optional.empty(); // The file is somebody else's.
    }
  }

  /** Removes the file, and tells whoever has opened it meanwhile that it is no lock any more. */
  @Override
  public void close() throws IOException {
    synchronized (HELD) {
      if (channel.isOpen()) {
        HELD.remove(file);
        try (channel) {
          Files.deleteIfExists(file);
          mark();
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

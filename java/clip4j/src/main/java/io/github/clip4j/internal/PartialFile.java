package io.github.clip4j.internal;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;

/**
 * A file on its way: {@code .NAME.part} beside its final place, {@code .NAME.part.tag} with what
 * the server calls this version of it, and {@code .NAME.part.lock}, which is there while a download
 * runs.
 */
public final class PartialFile implements AutoCloseable {
  private final Path target;
  private final Path part;
  private final Path tag;
  private final String address;
  private final ProcessLock lock;
  private final FileChannel channel;

  private PartialFile(Path target, URI address, ProcessLock lock) throws IOException {
    this.target = target;
    this.part = sibling(target, ".part");
    this.tag = sibling(target, ".part.tag");
    this.address = address.toString();
    this.lock = lock;
    this.channel =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Fails where another thread or process downloads to the same place. */
  public static PartialFile open(Path target, URI address) throws IOException {
    Path absolute = target.toAbsolutePath();
    ProcessLock lock =
        ProcessLock.tryAcquire(sibling(absolute, ".part.lock"))
            .orElseThrow(() -> new IOException("another download to it is under way"));
    try {
      return new PartialFile(absolute, address, lock);
    } catch (Throwable e) {
      lock.close();
      throw e;
    }
  }

  private static Path sibling(Path target, String suffix) {
    return target.resolveSibling("." + target.getFileName() + suffix);
  }

  /** Bytes that are there already and may be continued. */
  long size() throws IOException {
    return channel.size();
  }

  /**
   * The server's name for the version that the bytes belong to; null where they cannot be
   * continued.
   */
  String validator() throws IOException {
    if (!Files.exists(tag) || channel.size() == 0) {
      return null;
    }
    List<String> lines = Files.readAllLines(tag, StandardCharsets.UTF_8);
    return lines.size() == 2 && lines.get(0).equals(address) ? lines.get(1) : null;
  }

  /** Forgets what is there; {@code validator} may be null. */
  void restart(String validator) throws IOException {
    channel.truncate(0);
    Files.deleteIfExists(tag);
    if (validator != null) {
      Files.write(tag, List.of(address, validator), StandardCharsets.UTF_8);
    }
  }

  void append(byte[] bytes, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
    long position = channel.size();
    while (buffer.hasRemaining()) {
      position += channel.write(buffer, position);
    }
  }

  /** Of all bytes that are there. */
  public String sha256() throws IOException {
    return sha256(part);
  }

  /** Of any file. */
  public static String sha256(Path file) throws IOException {
    MessageDigest digest = Digests.sha256();
    Digests.update(digest, file);
    return Digests.hex(digest);
  }

  /** Removes what is there, so that nothing continues it. */
  public void discard() throws IOException {
    restart(null);
  }

  /** Gives the file its name, so that it is there, whole, even after a crash of the machine. */
  public void publish() throws IOException {
    channel.force(true);
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(tag);
    try (FileChannel directory = FileChannel.open(target.getParent())) {
      directory.force(true);
    } catch (IOException e) {
      // Not every system lets one open a directory; the file itself is safe.
    }
  }

  @Override
  public void close() throws IOException {
    if (Files.exists(part) && channel.size() == 0) {
      Files.deleteIfExists(part);
    }
    channel.close();
    lock.close();
  }
}

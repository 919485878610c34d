package io.github.clip4j.internal.net;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;

/** A file on its way, under a name of its own beside its final place until it is whole. */
public abstract class PartialFile implements AutoCloseable {
  private final Path part;
  private final Path target;
  private final FileChannel channel;

  protected PartialFile(Path part, Path target, OpenOption... options) throws IOException {
    this.part = part;
    this.target = target;
    this.channel = FileChannel.open(part, options);
  }

  /** Headers that ask for the bytes that are missing; none where all are wanted. */
  protected abstract Map<String, String> continuation() throws IOException;

  /** What If-Range accepts: a strong ETag, else a date. */
  static Optional<String> validator(HttpHeaders headers) {
    Optional<String> etag = headers.firstValue("ETag").filter(value -> !value.startsWith("W/"));
    return etag.or(() -> headers.firstValue("Last-Modified"));
  }

  /** Forgets what is there: the whole content follows, with these headers. */
  protected abstract void restart(HttpHeaders headers) throws IOException;

  /** Removes what is there, so that nothing continues it. */
  public void discard() throws IOException {
    channel.truncate(0);
  }

  /** Bytes that are there. */
  public final long size() throws IOException {
    return channel.size();
  }

  protected final Path path() {
    return part;
  }

  /** Adds what is there to a digest, whatever has become of its name. */
  protected final void update(MessageDigest digest) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    for (long position = 0; channel.read(buffer, position) >= 0; buffer.clear()) {
      position += buffer.position();
      digest.update(buffer.flip());
    }
  }

  public final void append(byte[] bytes, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
    write(
        part,
        () -> {
          long position = channel.size();
          while (buffer.hasRemaining()) {
            position += channel.write(buffer, position);
          }
        });
  }

  interface Writing {
    void run() throws IOException;
  }

  /** What fails here is not the network's fault: trying again would not help. */
  static void write(Path file, Writing writing) throws IOException {
    try {
      writing.run();
    } catch (IOException e) {
      Interrupts.rethrow(e);
      throw new Clip4jException(Kind.UNWRITABLE, file + " cannot be written: " + e.getMessage(), e);
    }
  }

  /** Of all bytes that are there. */
  public final String sha256() throws IOException {
    MessageDigest digest = Digests.sha256();
    update(digest);
    return Digests.hex(digest);
  }

  /** Gives the file its name, so that it is there, whole, even after a crash of the machine. */
  public void publish() throws IOException {
    channel.force(true);
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel directory = FileChannel.open(target.getParent())) {
      directory.force(true);
    } catch (IOException e) {
      // Not every system lets one open a directory; the file itself is safe.
    }
  }

  /** Keeps what came, for another attempt. */
  @Override
  public void close() throws IOException {
    // Not the channel's size: an interrupted thread cannot ask for that.
    if (Files.exists(part) && Files.size(part) == 0) {
      Files.deleteIfExists(part);
    }
    channel.close();
  }
}

package io.github.clip4j.internal.files;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files that somebody else wrote, and says what is wrong with them. */
public final class InputFile {
  /** Far above any real tokenizer.json, far below what hurts. */
  private static final long MAX_TEXT_BYTES = 64L << 20;

  /** How the file begins that stands for a large one where Git LFS has not fetched it. */
  private static final ByteBuffer POINTER =
      StandardCharsets.US_ASCII.encode("version https://git-lfs.github.com/spec/");

  private InputFile() {}

  /** A UTF-8 file's text; malformed bytes are an error, not a replacement character. */
  public static String text(Path file) {
    return utf8(bytes(file), file.toString());
  }

  /** A small file's bytes. */
  public static byte[] bytes(Path file) {
    try (FileChannel channel = open(file)) {
      if (channel.size() > MAX_TEXT_BYTES) {
        throw new Clip4jException(
            Kind.TOO_LARGE, file + " is over " + (MAX_TEXT_BYTES >> 20) + " MiB");
      }
      return bytes(channel, 0, (int) channel.size()).array();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** {@code source} is what to blame. */
  public static String utf8(byte[] bytes, String source) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Clip4jException(Kind.CORRUPT, source + " is not UTF-8", e);
    }
  }

  /**
   * A file's content, for reading. Reading a pipe waits for ever, a device may have no end, and a
   * pointer of Git LFS stands for another file.
   */
  public static FileChannel open(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new Clip4jException(
          Kind.UNREADABLE,
          file + (Files.isDirectory(file) ? " is a directory" : " is not a regular file"));
    }
    FileChannel channel = FileChannel.open(file);
    try {
      int count = (int) Math.min(channel.size(), POINTER.remaining());
      if (bytes(channel, 0, count).equals(POINTER)) {
        throw corrupt(file, "it is Git LFS's pointer to the file (fetch that: git lfs pull)");
      }
      return channel;
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  public static Clip4jException unreadable(Path file, IOException e) {
    Interrupts.rethrow("reading " + file, e);
    return e instanceof NoSuchFileException
        ? new Clip4jException(Kind.MISSING, file + " does not exist", e)
        : new Clip4jException(Kind.UNREADABLE, file + " cannot be read: " + e, e);
  }

  public static Clip4jException corrupt(Path file, String what) {
    return new Clip4jException(Kind.CORRUPT, file + ": " + printable(what));
  }

  public static Clip4jException unsupported(Path file, String what) {
    return new Clip4jException(Kind.UNSUPPORTED, file + ": " + printable(what));
  }

  public static Clip4jException tooLarge(Path file, String what) {
    return new Clip4jException(Kind.TOO_LARGE, file + ": " + printable(what));
  }

  /** A file chooses some of the words in a complaint about it, and must not make it long or odd. */
  private static String printable(String what) {
    String line = what.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    return line.length() <= 300 ? line : line.substring(0, 300) + "...";
  }

  /** The bytes of a file from {@code position} on, of which there must be {@code count}. */
  public static ByteBuffer bytes(FileChannel channel, long position, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new IOException("the file became shorter while it was read");
      }
    }
    return bytes.flip();
  }
}

package io.github.clip4j.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The lines of a UTF-8 file, one at a time: blank ones too, without their LF or CRLF, without a
 * byte order mark. What follows the last line break is a line only if it is not empty.
 */
final class TextLines implements Iterator<String>, AutoCloseable {
  private static final int MAX_LINE_BYTES = 1 << 20;

  private final Path file;
  private final InputStream in;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private String next;
  private long number;

  private TextLines(Path file, InputStream in) throws IOException {
    this.file = file;
    this.in = in;
    this.next = read();
    if (next == null) {
      throw new Failure(file.toString(), "is empty", "write a text a line");
    }
  }

  static TextLines open(Path file) {
    if (Files.isDirectory(file)) {
      throw new Failure(file.toString(), "is a directory", "name a file with a text a line");
    }
    try {
      return new TextLines(file, new BufferedInputStream(Files.newInputStream(file), 1 << 16));
    } catch (IOException e) {
      throw Failure.of(file.toString(), "cannot be read", e);
    }
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public String next() {
    if (next == null) {
      throw new NoSuchElementException();
    }
    String line = next;
    try {
      next = read();
    } catch (IOException e) {
      throw Failure.of(file.toString(), "cannot be read", e);
    }
    return line;
  }

  private String read() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int b = in.read();
    if (b < 0) {
      return null;
    }
    number++;
    for (; b >= 0 && b != '\n'; b = in.read()) {
      line.write(b);
      if (line.size() > MAX_LINE_BYTES) {
        throw failure("is over " + MAX_LINE_BYTES + " bytes", "a text a line");
      }
    }
    byte[] bytes = line.toByteArray();
    int length = b >= 0 && bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? 1 : 0;
    return decode(ByteBuffer.wrap(bytes, 0, bytes.length - length));
  }

  private String decode(ByteBuffer bytes) {
    try {
      String line = decoder.decode(bytes).toString();
      return number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
    } catch (CharacterCodingException e) {
      throw failure("is not UTF-8", "save the file as UTF-8");
    }
  }

  private Failure failure(String why, String todo) {
    return new Failure(file + " line " + number, why, todo);
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      // Everything that is wanted has been read.
    }
  }
}

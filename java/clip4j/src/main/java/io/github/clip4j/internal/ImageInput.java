package io.github.clip4j.internal;

import java.nio.ByteBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A picture on its way into native code; a clip4j_image.
 *
 * @param data not consumed: readers duplicate it
 */
public record ImageInput(int kind, ByteBuffer data, int width, int height) {
  private static final int PATH = 0;
  private static final int ENCODED = 1;
  private static final int RGB = 2;

  /** A file on the default file system. */
  public static ImageInput file(Path path) {
    return new ImageInput(PATH, ByteBuffer.wrap(pathBytes(path)), 0, 0);
  }

  /** An encoded picture. */
  public static ImageInput encoded(ByteBuffer bytes) {
    return new ImageInput(ENCODED, bytes, 0, 0);
  }

  /** Pixels. */
  public static ImageInput rgb(ByteBuffer pixels, int width, int height) {
    return new ImageInput(RGB, pixels, width, height);
  }

  /**
   * A file's name as the operating system spells it. A Path's text has lost the bytes that the
   * JVM's locale cannot show (all but ASCII in a C locale); its URI has not.
   */
  static byte[] pathBytes(Path path) {
    if (path.getFileSystem() != FileSystems.getDefault()) {
      throw new IllegalArgumentException("not a file of the default file system: " + path);
    }
    String escaped = path.toUri().getRawPath();
    byte[] bytes = new byte[escaped.length()];
    int length = 0;
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c == '%') {
        bytes[length++] = (byte) Integer.parseInt(escaped.substring(i + 1, i + 3), 16);
        i += 2;
      } else {
        bytes[length++] = (byte) c;
      }
    }
    return Arrays.copyOf(bytes, length);
  }
}

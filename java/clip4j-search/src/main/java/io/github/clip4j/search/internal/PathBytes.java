package io.github.clip4j.search.internal;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;

/** Names of files for native code. */
public final class PathBytes {
  private PathBytes() {}

  /**
   * A file's name as the operating system spells it. A Path's text has lost the bytes that the
   * JVM's locale cannot show (all but ASCII in a C locale); its URI has not.
   *
   * @throws IllegalArgumentException for another file system than the default one
   */
  public static byte[] of(Path path) {
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
    boolean isFolder = length > 1 && bytes[length - 1] == '/'; // As only a URI says it.
    return Arrays.copyOf(bytes, isFolder ? length - 1 : length);
  }
}

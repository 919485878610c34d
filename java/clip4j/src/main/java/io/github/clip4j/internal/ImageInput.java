package io.github.clip4j.internal;

import io.github.clip4j.search.internal.PathBytes;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A picture on its way into native code; a clip4j_image.
 *
 * @param data its position and limit stay: readers use absolute positions
 */
public record ImageInput(int kind, ByteBuffer data, int width, int height) {
  private static final int PATH = 0;
  private static final int ENCODED = 1;
  private static final int RGB = 2;

  /** A file on the default file system. */
  public static ImageInput file(Path path) {
    return new ImageInput(PATH, ByteBuffer.wrap(PathBytes.of(path)), 0, 0);
  }

  /** An encoded picture. */
  public static ImageInput encoded(ByteBuffer bytes) {
    return new ImageInput(ENCODED, bytes, 0, 0);
  }

  /** Pixels. */
  public static ImageInput rgb(ByteBuffer pixels, int width, int height) {
    return new ImageInput(RGB, pixels, width, height);
  }
}

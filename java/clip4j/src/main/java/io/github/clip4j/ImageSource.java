package io.github.clip4j;

import io.github.clip4j.internal.ImageInput;
import io.github.clip4j.internal.net.HttpAddress;
import java.awt.image.BufferedImage;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Where a picture comes from. Making one reads nothing: what is wrong with a picture shows when it
 * is embedded, as that picture's own failure.
 */
public sealed interface ImageSource
    permits ImageSources.File, ImageSources.Encoded, ImageSources.Pixels, ImageSources.Remote {

  /** What to call the picture in messages: its path, its address, or what it is made of. */
  String describe();

  /** A file, read when the picture is embedded. */
  static ImageSource of(Path file) {
    return new ImageSources.File(file);
  }

  /**
   * An encoded picture (a file's content); the array is not copied and must not change while it is
   * in use.
   */
  static ImageSource of(byte[] encoded) {
    return of(ByteBuffer.wrap(Objects.requireNonNull(encoded, "encoded")));
  }

  /**
   * An encoded picture between the buffer's position and limit; its content must not change while
   * in use.
   */
  static ImageSource of(ByteBuffer encoded) {
    return new ImageSources.Encoded(ImageInput.encoded(encoded.slice()));
  }

  /**
   * 8-bit RGB pixels, row by row from the top; the array is not copied and must not change while it
   * is in use.
   *
   * @throws IllegalArgumentException unless the array holds exactly 3 x width x height bytes
   */
  static ImageSource rgb(byte[] pixels, int width, int height) {
    return ImageSources.Pixels.of(pixels, width, height);
  }

  /**
   * A copy of a picture in memory, alpha dropped. Needs the module java.desktop.
   *
   * @throws IllegalArgumentException if it has more pixels than an array of RGB can hold
   */
  static ImageSource of(BufferedImage image) {
    return ImageSources.Pixels.of(image);
  }

  /**
   * A picture at an http or https address, fetched whenever it is embedded.
   *
   * @throws IllegalArgumentException for another scheme
   */
  static ImageSource of(URI address, Downloader downloader) {
    return new ImageSources.Remote(HttpAddress.check(address), downloader);
  }
}

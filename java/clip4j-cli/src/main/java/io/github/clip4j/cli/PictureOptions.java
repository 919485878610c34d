package io.github.clip4j.cli;

import io.github.clip4j.ImageFormat;
import io.github.clip4j.ImageOptions;
import java.util.EnumSet;
import picocli.CommandLine.Option;

/** {@code --exif}, for commands that read pictures. */
final class PictureOptions {
  /**
   * The user's own files, and not a service's: every format, and as large as telephones make them.
   */
  private static final ImageOptions OWN_FILES =
      ImageOptions.DEFAULT
          .withFormats(EnumSet.allOf(ImageFormat.class))
          .withMaxEncodedBytes(256L << 20)
          .withMaxPixels(120_000_000);

  @Option(
      names = "--exif",
      description =
          "Turn pictures upright as their EXIF data says; left out, they are read as they are"
              + " stored, as by AutoMM.")
  boolean exif;

  ImageOptions images() {
    return images(exif);
  }

  static ImageOptions images(boolean exif) {
    return OWN_FILES.withExifOrientation(exif);
  }
}

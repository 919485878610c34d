package io.github.clip4j;

import java.util.Collections;
import java.util.EnumSet;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How encoded pictures are read. What happens after that (sizes, crop, normalisation) is the
 * model's to say.
 *
 * @param exifOrientation true turns pictures upright as their EXIF data says; false, the default,
 *     reads them as they are stored, as the reference implementation does
 * @param background empty, the default, drops the alpha channel as Pillow's {@code convert("RGB")}
 *     does, and transformers before version 5; a colour 0xRRGGBB puts transparent pictures on it,
 *     as transformers does since then with white, 0xFFFFFF
 * @param formats what is accepted; JPEG, PNG, WebP and GIF by default
 * @param maxEncodedBytes the largest accepted file; 20 MiB by default
 * @param maxPixels the largest accepted width x height, as the file's header declares it, or of
 *     pixels that were given as such; 40 million by default
 */
public record ImageOptions(
    boolean exifOrientation,
    OptionalInt background,
    Set<ImageFormat> formats,
    long maxEncodedBytes,
    long maxPixels) {

  /** The defaults. */
  public static final ImageOptions DEFAULT =
      new ImageOptions(
          false,
          OptionalInt.empty(),
          EnumSet.of(ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF),
          20L << 20,
          40_000_000L);

  /**
   * Checks the values and copies the set.
   *
   * @throws IllegalArgumentException if background has more than 24 bits, formats is empty, or a
   *     limit is below 1
   */
  public ImageOptions {
    if (background.isPresent() && (background.getAsInt() & 0xFF000000) != 0) {
      throw new IllegalArgumentException(
          "background must be 0xRRGGBB, not 0x%x".formatted(background.getAsInt()));
    }
    if (formats.isEmpty()) {
      throw new IllegalArgumentException("formats is empty: no picture could be read");
    }
    formats = Collections.unmodifiableSet(EnumSet.copyOf(formats));
    if (maxEncodedBytes < 1) {
      throw new IllegalArgumentException("maxEncodedBytes must be positive: " + maxEncodedBytes);
    }
    if (maxPixels < 1) {
      throw new IllegalArgumentException("maxPixels must be positive: " + maxPixels);
    }
  }

  /** A copy with another {@link #exifOrientation}. */
  public ImageOptions withExifOrientation(boolean apply) {
    return new ImageOptions(apply, background, formats, maxEncodedBytes, maxPixels);
  }

  /** A copy that puts transparent pictures on the colour 0xRRGGBB. */
  public ImageOptions withBackground(int rgb) {
    return new ImageOptions(
        exifOrientation, OptionalInt.of(rgb), formats, maxEncodedBytes, maxPixels);
  }

  /** A copy that accepts exactly these formats. */
  public ImageOptions withFormats(Set<ImageFormat> accepted) {
    return new ImageOptions(exifOrientation, background, accepted, maxEncodedBytes, maxPixels);
  }

  /** A copy with another limit on a file's size. */
  public ImageOptions withMaxEncodedBytes(long bytes) {
    return new ImageOptions(exifOrientation, background, formats, bytes, maxPixels);
  }

  /** A copy with another limit on width x height. */
  public ImageOptions withMaxPixels(long pixels) {
    return new ImageOptions(exifOrientation, background, formats, maxEncodedBytes, pixels);
  }
}

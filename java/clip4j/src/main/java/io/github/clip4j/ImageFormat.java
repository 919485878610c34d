package io.github.clip4j;

/** Formats of encoded pictures, told apart by their first bytes and never by a file's name. */
public enum ImageFormat {
  // In the order of clip4j_preprocessing's bits: native code knows them by their number.

  /** JPEG, baseline or progressive; grey, colour or CMYK. */
  JPEG,
  /** PNG. */
  PNG,
  /** WebP, lossy or lossless. */
  WEBP,
  /** GIF; the first frame is read. */
  GIF,
  /** Windows bitmap; not accepted unless asked for. */
  BMP,
  /** TIFF; not accepted unless asked for. */
  TIFF
}

package io.github.clip4j;

/** 8-bit RGB pixels, row by row from the top, three bytes a pixel. */
public final class RgbImage {
  private final int height;
  private final int width;
  private final byte[] rgb;

  RgbImage(int height, int width, byte[] rgb) {
    this.height = height;
    this.width = width;
    this.rgb = rgb;
  }

  /** Rows. */
  public int height() {
    return height;
  }

  /** Pixels in a row. */
  public int width() {
    return width;
  }

  /** A copy of the 3 x height x width bytes. */
  public byte[] rgb() {
    return rgb.clone();
  }
}

package io.github.clip4j.internal;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;

/**
 * Pixels out of java.awt's images; apart from the rest, which works without the module
 * java.desktop.
 */
public final class RgbPixels {
  private RgbPixels() {}

  /** 8-bit RGB, alpha dropped. */
  public static byte[] of(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    if (3L * width * height > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%d x %d pixels are more than an array of RGB can hold".formatted(width, height));
    }
    byte[] rgb = new byte[3 * width * height];
    boolean grey = isPlainGrey(image);
    int[] row = new int[width];
    int to = 0;
    for (int y = 0; y < height; y++) {
      if (grey) {
        grey(image, y, row);
      } else {
        image.getRGB(0, y, width, 1, row, 0, width);
      }
      for (int pixel : row) {
        rgb[to++] = (byte) (pixel >> 16);
        rgb[to++] = (byte) (pixel >> 8);
        rgb[to++] = (byte) pixel;
      }
    }
    return rgb;
  }

  /** One sample, with or without alpha, as image files hold it: not a fraction, not signed. */
  private static boolean isPlainGrey(BufferedImage image) {
    int type = image.getRaster().getTransferType();
    return image.getColorModel() instanceof ComponentColorModel
        && image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY
        && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT)
        && !image.isAlphaPremultiplied();
  }

  /**
   * Java takes grey samples for linear light and getRGB would brighten them; image files mean them
   * as they are.
   */
  private static void grey(BufferedImage image, int y, int[] row) {
    Raster raster = image.getRaster();
    int bits = raster.getSampleModel().getSampleSize(0);
    raster.getSamples(raster.getMinX(), raster.getMinY() + y, row.length, 1, 0, row);
    for (int x = 0; x < row.length; x++) {
      int value = bits > 8 ? row[x] >> (bits - 8) : row[x] * 255 / ((1 << bits) - 1);
      row[x] = value * 0x010101;
    }
  }
}

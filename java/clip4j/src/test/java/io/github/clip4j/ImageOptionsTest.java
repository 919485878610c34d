package io.github.clip4j;

import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/**
 * What they refuse, and what they do to pictures of the model's own size, which are not resized.
 */
class ImageOptionsTest extends WithTinyModel {
  private static final int SIDE = 32;

  @Test
  void refusesWhatMakesNoSense() {
    ImageOptions options = ImageOptions.DEFAULT;
    assertEquals(OptionalInt.of(0xFFFFFF), options.withBackground(0xFFFFFF).background());
    assertEquals(OptionalInt.of(0), options.withBackground(0).background());
    refused("background must be 0xRRGGBB, not 0x1000000", () -> options.withBackground(1 << 24));
    refused("background must be 0xRRGGBB, not 0xffffffff", () -> options.withBackground(-1));
    refused("formats is empty: no picture could be read", () -> options.withFormats(Set.of()));
    assertEquals(1, options.withMaxEncodedBytes(1).maxEncodedBytes());
    refused("maxEncodedBytes must be positive: 0", () -> options.withMaxEncodedBytes(0));
    assertEquals(1, options.withMaxPixels(1).maxPixels());
    refused("maxPixels must be positive: 0", () -> options.withMaxPixels(0));
  }

  private static byte[] encode(BufferedImage picture, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(picture, format, bytes);
    return bytes.toByteArray();
  }

  private static ClipModel with(ImageOptions images) {
    return ClipModel.load(TinyModel.directory(), LoadOptions.DEFAULT.withImages(images));
  }

  /** The model reads the picture as these pixels, whoever looks. */
  private void assertReads(byte[] expected, ClipModel reader, byte[] encoded) {
    ImageSource picture = ImageSource.of(encoded);
    assertArrayEquals(expected, reader.preprocess(picture).rgb());
    float[] row = model.embedImage(ImageSource.rgb(expected, SIDE, SIDE));
    assertArrayEquals(row, reader.embedImage(picture));
  }

  /** Orientation 6: the stored picture's left side is the upright one's top. */
  @Test
  void exifOrientationTurnsPicturesUpright() throws IOException {
    BufferedImage stored = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < SIDE * SIDE; i++) {
      stored.setRGB(i % SIDE, i / SIDE, (8 * (i % SIDE) << 16) | 4 * (i / SIDE));
    }
    byte[] jpeg = encode(stored, "jpeg");
    String exif = // Its marker and length, "Exif", and a little-endian TIFF of one entry.
        "ffe10022"
            + "457869660000"
            + "49492a0008000000"
            + "0100120103000100000006000000"
            + "00000000";
    byte[] sideways =
        HexFormat.of().parseHex("ffd8" + exif + HexFormat.of().formatHex(jpeg, 2, jpeg.length));
    byte[] lying = model.preprocess(ImageSource.of(jpeg)).rgb();
    byte[] upright = new byte[lying.length];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        System.arraycopy(lying, 3 * (SIDE * (SIDE - 1 - x) + y), upright, 3 * (SIDE * y + x), 3);
      }
    }
    assertFalse(Arrays.equals(lying, upright));
    assertReads(lying, model, sideways);
    try (ClipModel turning = with(ImageOptions.DEFAULT.withExifOrientation(true))) {
      assertReads(upright, turning, sideways);
      assertReads(lying, turning, jpeg);
    }
  }

  @Test
  void transparentPicturesAreOnTheBackground() throws IOException {
    BufferedImage halfGone = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_ARGB);
    byte[] alone = new byte[3 * SIDE * SIDE];
    byte[] onColour = new byte[alone.length];
    for (int i = 0; i < SIDE * SIDE; i++) {
      boolean shown = i % SIDE < SIDE / 2;
      halfGone.setRGB(i % SIDE, i / SIDE, shown ? 0xFF0A141E : 0x00C86432);
      byte[] hidden = {(byte) 0xC8, 0x64, 0x32};
      byte[] visible = {0x0A, 0x14, 0x1E};
      byte[] background = {0x11, 0x22, (byte) 0xEE};
      System.arraycopy(shown ? visible : hidden, 0, alone, 3 * i, 3);
      System.arraycopy(shown ? visible : background, 0, onColour, 3 * i, 3);
    }
    byte[] png = encode(halfGone, "png");
    assertReads(alone, model, png);
    try (ClipModel onBackground = with(ImageOptions.DEFAULT.withBackground(0x1122EE))) {
      assertReads(onColour, onBackground, png);
    }
  }
}

package io.github.clip4j.benchmarks;

import io.github.clip4j.ImageSource;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/** Pictures in a temporary folder and in memory, good ones and every kind of bad one. */
final class SoakPictures implements AutoCloseable {
  private static final int COUNT = 24;
  private static final List<String> FORMATS = List.of("png", "jpg", "gif");

  private final Path folder = Files.createTempDirectory("clip4j-soak");
  private final List<ImageSource> good = new ArrayList<>();
  private final List<ImageSource> bad = new ArrayList<>();

  SoakPictures() throws IOException {
    for (int i = 0; i < COUNT; i++) {
      String format = FORMATS.get(i % FORMATS.size());
      byte[] encoded = encode(draw(i), format);
      good.add(i % 2 == 0 ? ImageSource.of(encoded) : file(i + "." + format, encoded));
    }
    byte[] png = encode(draw(0), "png");
    byte[] jpeg = encode(draw(1), "jpg");
    bad.add(ImageSource.of(folder.resolve("missing.png")));
    bad.add(ImageSource.of(folder));
    bad.add(file("empty.jpg", new byte[0]));
    bad.add(ImageSource.of(new byte[0]));
    bad.add(file("garbage.png", "this is no picture".getBytes()));
    bad.add(file("cut.jpg", Arrays.copyOf(jpeg, jpeg.length / 2)));
    bad.add(ImageSource.of(Arrays.copyOf(png, png.length / 2)));
    bad.add(ImageSource.of(flipped(png, png.length / 2)));
    bad.add(file("vast.png", vast(png)));
    bad.add(ImageSource.of(encode(draw(2), "bmp")));
    bad.add(ImageSource.of(new byte[(20 << 20) + 1]));
  }

  List<ImageSource> good() {
    return good;
  }

  List<ImageSource> bad() {
    return bad;
  }

  private ImageSource file(String name, byte[] content) throws IOException {
    return ImageSource.of(Files.write(folder.resolve(name), content));
  }

  /** Blots, of another size each time. */
  private static BufferedImage draw(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    BufferedImage picture =
        new BufferedImage(60 + 20 * seed, 400 - 10 * seed, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    for (int i = 0; i < 20; i++) {
      graphics.setColor(new Color(random.nextInt(1 << 24)));
      graphics.fillOval(
          random.nextInt(-50, picture.getWidth()),
          random.nextInt(-50, picture.getHeight()),
          random.nextInt(20, 200),
          random.nextInt(20, 200));
    }
    graphics.dispose();
    return picture;
  }

  private static byte[] encode(BufferedImage picture, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (!ImageIO.write(picture, format, bytes)) {
      throw new IOException("no encoder for " + format);
    }
    return bytes.toByteArray();
  }

  private static byte[] flipped(byte[] content, int at) {
    byte[] other = content.clone();
    other[at] ^= 0x55;
    return other;
  }

  /** A PNG whose header declares more pixels than anybody has memory for. */
  private static byte[] vast(byte[] png) {
    byte[] other = png.clone();
    CRC32 checksum = new CRC32();
    ByteBuffer to = ByteBuffer.wrap(other).putInt(16, 100_000).putInt(20, 100_000);
    checksum.update(other, 12, 17);
    to.putInt(29, (int) checksum.getValue());
    return other;
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}

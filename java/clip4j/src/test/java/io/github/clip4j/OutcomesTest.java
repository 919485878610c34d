package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every picture has an outcome, and every wrong argument is named. */
class OutcomesTest extends WithTinyModel {
  @TempDir Path temp;

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(temp.resolve(name), bytes);
  }

  /** A PNG's signature and header, and nothing after it. */
  private static byte[] pngHeader(int width, int height) {
    ByteBuffer png = ByteBuffer.allocate(33);
    png.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
    png.putInt(13).put(new byte[] {'I', 'H', 'D', 'R'}).putInt(width).putInt(height);
    png.put(new byte[] {8, 2, 0, 0, 0});
    CRC32 crc = new CRC32();
    crc.update(png.array(), 12, 17);
    return png.putInt((int) crc.getValue()).array();
  }

  private void assertFails(Kind kind, ImageSource source) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> model.embedImage(source));
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().startsWith(source.describe() + ": "), failure.getMessage());
    assertEquals(
        kind,
        assertThrows(Clip4jException.class, () -> model.preprocess(source)).kind(),
        "preprocess");
  }

  @Test
  void picturesThatCannotBeRead() throws IOException {
    byte[] jpeg = Files.readAllBytes(TinyModel.file("photo.jpg"));
    assertFails(Kind.MISSING, ImageSource.of(temp.resolve("none.png")));
    assertFails(Kind.UNREADABLE, ImageSource.of(temp));
    assertFails(Kind.CORRUPT, ImageSource.of(write("empty.png", new byte[0])));
    assertFails(
        Kind.CORRUPT, ImageSource.of(write("cut.jpg", Arrays.copyOf(jpeg, jpeg.length / 2))));
    assertFails(Kind.TOO_LARGE, ImageSource.of(write("huge.png", pngHeader(100_000, 100_000))));
    assertFails(Kind.UNSUPPORTED, ImageSource.of(write("text.jpg", "just a text file".getBytes())));
    assertFails(Kind.CORRUPT, ImageSource.of(pngHeader(20, 20)));
    assertFails(Kind.TOO_LARGE, ImageSource.of(new byte[(20 << 20) + 1]));
  }

  @Test
  void aPictureThatCannotBeFetchedIsNamedOnce() {
    URI nobody = URI.create("http://127.0.0.1:1/a.png"); // Port 1 is nobody's.
    Downloader once = Downloader.create(1, Duration.ofSeconds(5));
    assertFails(Kind.UNREADABLE, ImageSource.of(nobody, once));
    try (ImageEmbeddings none = model.embedImages(ImageSource.of(nobody, once))) {
      String message = none.failures().get(0).message();
      assertTrue(message.startsWith("the download failed once: nothing answers"), message);
    }
  }

  @Test
  void oneBadPictureInAThousand() {
    List<ImageSource> sources = new ArrayList<>(Collections.nCopies(1000, TinyModel.picture()));
    sources.set(617, ImageSource.of(temp.resolve("none.png")));
    try (ImageEmbeddings result = model.embedImages(sources)) {
      assertEquals(999, result.embeddings().rows());
      assertEquals(616, result.input(616));
      assertEquals(618, result.input(617));
      assertEquals(1, result.failures().size());
      ImageFailure failure = result.failures().get(0);
      assertEquals(617, failure.input());
      assertEquals(sources.get(617), failure.source());
      assertEquals(Kind.MISSING, failure.kind());
      assertEquals(
          "picture 617, " + temp.resolve("none.png") + ": no such file", failure.toString());
      assertThrows(Clip4jException.class, result::orThrow);
    }
  }

  @Test
  void everyRowsPictureIsNamed() {
    ImageSource missing = ImageSource.of(temp.resolve("none.png"));
    ImageSource picture = TinyModel.picture();
    try (ImageEmbeddings result = model.embedImages(missing, picture, missing, picture)) {
      assertArrayEquals(new int[] {1, 3}, result.inputs());
      result.inputs()[0] = 7;
      assertArrayEquals(new int[] {1, 3}, result.inputs(), "it was a copy");
      assertEquals(1, result.input(0));
    }
  }

  @Test
  void allBad() {
    ImageSource missing = ImageSource.of(temp.resolve("none.png"));
    try (ImageEmbeddings result = model.embedImages(missing, missing)) {
      assertEquals(0, result.embeddings().rows());
      assertEquals(2, result.failures().size());
      String message = assertThrows(Clip4jException.class, result::orThrow).getMessage();
      assertTrue(message.endsWith("(and 1 more failed)"), message);
    }
  }

  @Test
  void everySourceOfTheSamePictureGivesTheSameRow() throws IOException {
    float[] row = model.embedImage(TinyModel.picture());
    byte[] bytes = Files.readAllBytes(TinyModel.file("rgb.png"));
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 5).position(5).put(bytes);
    BufferedImage image = javax.imageio.ImageIO.read(TinyModel.file("rgb.png").toFile());
    int[] argb = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    byte[] rgb = new byte[3 * argb.length];
    for (int i = 0; i < argb.length; i++) {
      rgb[3 * i] = (byte) (argb[i] >> 16);
      rgb[3 * i + 1] = (byte) (argb[i] >> 8);
      rgb[3 * i + 2] = (byte) argb[i];
    }
    assertArrayEquals(row, model.embedImage(ImageSource.of(bytes)));
    assertArrayEquals(row, model.embedImage(ImageSource.of(direct.position(5))));
    assertArrayEquals(row, model.embedImage(ImageSource.of(image)));
    assertArrayEquals(
        row, model.embedImage(ImageSource.rgb(rgb, image.getWidth(), image.getHeight())));
    Path zip = temp.resolve("pictures.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, java.util.Map.of("create", "true"))) {
      Files.write(files.getPath("a.png"), bytes);
      assertArrayEquals(row, model.embedImage(ImageSource.of(files.getPath("a.png"))));
      assertFails(Kind.MISSING, ImageSource.of(files.getPath("b.png")));
    }
  }

  @Test
  void aSourceThatBreaksFailsAlone() throws IOException {
    Path zip = temp.resolve("closed.zip");
    Path gone;
    try (FileSystem files = FileSystems.newFileSystem(zip, java.util.Map.of("create", "true"))) {
      gone = files.getPath("a.png");
      Files.copy(TinyModel.file("rgb.png"), gone);
    }
    try (ImageEmbeddings result = model.embedImages(TinyModel.picture(), ImageSource.of(gone))) {
      assertEquals(1, result.embeddings().rows());
      assertEquals(Kind.UNREADABLE, result.failures().get(0).kind());
    }
    URI noPort = URI.create("http://127.0.0.1:99999/");
    assertThrows(IllegalArgumentException.class, () -> ImageSource.of(noPort, Downloader.create()));
  }

  @Test
  void aSparseFileIsRefusedUnread() throws IOException {
    ImageOptions images = ImageOptions.DEFAULT.withMaxEncodedBytes(Long.MAX_VALUE);
    Path huge = temp.resolve("huge.png");
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    LoadOptions options = LoadOptions.DEFAULT.withImages(images);
    try (ClipModel unlimited = ClipModel.load(TinyModel.directory(), options)) {
      Clip4jException failure =
          assertThrows(Clip4jException.class, () -> unlimited.embedImage(ImageSource.of(huge)));
      assertEquals(Kind.TOO_LARGE, failure.kind());
    }
  }

  /** Grey with alpha, as ImageIO reads it from a file, and grey in fractions. */
  @Test
  void otherGreyPicturesInMemory() {
    byte[] rgb = new byte[3 * 100];
    Arrays.fill(rgb, (byte) 128);
    float[] row = model.embedImage(ImageSource.rgb(rgb, 10, 10));
    ColorSpace grey = ColorSpace.getInstance(ColorSpace.CS_GRAY);
    ColorModel withAlpha =
        new ComponentColorModel(grey, true, false, Transparency.TRANSLUCENT, DataBuffer.TYPE_BYTE);
    WritableRaster bytes = withAlpha.createCompatibleWritableRaster(10, 10);
    for (int i = 0; i < 100; i++) {
      bytes.setPixel(i % 10, i / 10, new int[] {128, 17});
    }
    assertArrayEquals(
        row, model.embedImage(ImageSource.of(new BufferedImage(withAlpha, bytes, false, null))));
    ColorModel fractions =
        new ComponentColorModel(grey, false, false, Transparency.OPAQUE, DataBuffer.TYPE_FLOAT);
    WritableRaster floats = fractions.createCompatibleWritableRaster(10, 10);
    for (int i = 0; i < 100; i++) {
      floats.setSample(i % 10, i / 10, 0, 0.5f);
    }
    BufferedImage image = new BufferedImage(fractions, floats, false, null);
    assertTrue((model.preprocess(ImageSource.of(image)).rgb()[0] & 0xFF) > 100, "not black");
  }

  @Test
  void greyPicturesInMemoryAreNotBrightened() throws IOException {
    BufferedImage grey = new BufferedImage(40, 40, BufferedImage.TYPE_BYTE_GRAY);
    byte[] rgb = new byte[3 * 40 * 40];
    for (int i = 0; i < 1600; i++) {
      grey.getRaster().setSample(i % 40, i / 40, 0, i % 256);
      Arrays.fill(rgb, 3 * i, 3 * i + 3, (byte) i);
    }
    assertArrayEquals(
        model.embedImage(ImageSource.rgb(rgb, 40, 40)), model.embedImage(ImageSource.of(grey)));
  }

  @Test
  void namesThatNoLocaleChanges() throws IOException {
    Path odd = temp.resolve("100%25 caf\u00e9 \ud83d\udc08 #?.png");
    Files.copy(TinyModel.file("rgb.png"), odd);
    assertArrayEquals(model.embedImage(TinyModel.picture()), model.embedImage(ImageSource.of(odd)));
  }

  @Test
  void preprocessGivesTheCrop() {
    RgbImage crop = model.preprocess(TinyModel.picture());
    assertEquals(32, crop.height());
    assertEquals(32, crop.width());
    assertEquals(3 * 32 * 32, crop.rgb().length);
  }

  @Test
  void formatsAreAnAllowlist() throws IOException {
    LoadOptions options =
        LoadOptions.DEFAULT.withImages(
            ImageOptions.DEFAULT.withFormats(java.util.EnumSet.of(ImageFormat.JPEG)));
    try (ClipModel strict = ClipModel.load(TinyModel.directory(), options)) {
      Clip4jException failure =
          assertThrows(Clip4jException.class, () -> strict.embedImage(TinyModel.picture()));
      assertEquals(Kind.UNSUPPORTED, failure.kind());
    }
  }

  @Test
  void wrongArgumentsAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> model.embedImages(List.of()));
    assertThrows(IllegalArgumentException.class, () -> model.embedTexts(List.of()));
    NullPointerException nothing =
        assertThrows(NullPointerException.class, () -> model.embedTexts(Arrays.asList("a", null)));
    assertEquals("texts[1] is null", nothing.getMessage());
    nothing =
        assertThrows(
            NullPointerException.class,
            () -> model.embedImages(Arrays.asList(TinyModel.picture(), null)));
    assertEquals("images[1] is null", nothing.getMessage());
    for (String half : new String[] {"\ud83d", "a\udc08", "\udc08\ud83d", "x\ud83dy"}) {
      IllegalArgumentException failure =
          assertThrows(IllegalArgumentException.class, () -> model.embedTexts("fine", half));
      assertTrue(failure.getMessage().startsWith("texts[1]: "), failure.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> ImageSource.rgb(new byte[10], 2, 2));
    assertThrows(NullPointerException.class, () -> ImageSource.of((Path) null));
  }

  @Test
  void repeatedTextsHaveTheSameRow() {
    float[] cat = model.embedText("a cat");
    float[] photo = model.embedText("a photo");
    try (Embeddings rows =
        model.embedTexts("a cat", "a photo", "a cat", "the", "a photo", "a cat")) {
      assertEquals(6, rows.rows());
      assertArrayEquals(cat, rows.row(0), 1e-6f);
      assertArrayEquals(photo, rows.row(1), 1e-6f);
      assertArrayEquals(rows.row(0), rows.row(2));
      assertArrayEquals(model.embedText("the"), rows.row(3), 1e-6f);
      assertArrayEquals(rows.row(1), rows.row(4));
      assertArrayEquals(rows.row(0), rows.row(5));
    }
  }

  @Test
  void longTextsAreCutAndSaidToBe() {
    List<Integer> cut = new ArrayList<>();
    String longer = "cat ".repeat(100);
    try (Embeddings rows =
        model.embedTexts(List.of("cat", longer, "cat"), report -> cut.addAll(report.truncated()))) {
      assertEquals(3, rows.rows());
      assertEquals(List.of(1), cut);
    }
    // Nothing is left behind where the report's reader fails; JUnit's extension looks.
    assertThrows(
        IllegalStateException.class,
        () ->
            model.embedTexts(
                List.of("cat"),
                report -> {
                  throw new IllegalStateException();
                }));
    Tokens tokens = model.tokenize(longer);
    assertEquals(32, tokens.ids().length);
    assertEquals(528, tokens.ids()[31]);
  }
}

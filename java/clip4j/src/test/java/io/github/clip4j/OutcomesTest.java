package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every picture has an outcome, and every wrong argument is named. */
class OutcomesTest {
  @TempDir Path temp;
  private ClipModel model;

  @BeforeEach
  void load() {
    model = TinyModel.load();
  }

  @AfterEach
  void close() {
    model.close();
  }

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
      assertThrows(Clip4jException.class, result::orThrow);
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
  void longTextsAreCutAndSaidToBe() {
    List<Integer> cut = new ArrayList<>();
    String longer = "cat ".repeat(100);
    try (Embeddings rows =
        model.embedTexts(List.of("cat", longer, "cat"), report -> cut.addAll(report.truncated()))) {
      assertEquals(3, rows.rows());
      assertEquals(List.of(1), cut);
    }
    Tokens tokens = model.tokenize(longer);
    assertEquals(32, tokens.ids().length);
    assertEquals(528, tokens.ids()[31]);
  }
}

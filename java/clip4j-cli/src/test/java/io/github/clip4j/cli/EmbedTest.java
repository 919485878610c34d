package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedTest {
  @TempDir Path folder;
  private Path pictures;
  private Path out;
  private Path owl;
  private Path tiger;

  @BeforeEach
  void makePictures() {
    pictures = folder.resolve("pictures");
    out = folder.resolve("out.npy");
    owl = Cli.picture("noto-owl.png", pictures, "b owl.png");
    tiger = Cli.picture("noto-tiger.png", pictures, "a-tiger.PNG");
    Cli.picture("twemoji-key.webp", pictures.resolve("below"), "c.webp");
    Cli.picture("noto-v1-eagle.jpg", pictures.resolve(".hidden"), "d.jpg");
    Cli.write(pictures.resolve("notes.txt"), "no picture");
  }

  private Cli.Result embed(Object... images) {
    List<Object> args = new java.util.ArrayList<>(List.of("embed", "--model", Cli.MODEL));
    args.addAll(List.of("--out", out, "--images"));
    args.addAll(List.of(images));
    return Cli.run(args.toArray());
  }

  private List<String> ids() {
    return Cli.ids(out).stream()
        .map(id -> pictures.relativize(Path.of(id)).toString())
        .collect(Collectors.toList());
  }

  @Test
  void picturesInTheOrderGiven() {
    assertEquals(out + ": 3 x 192\n", embed(tiger, owl, tiger).succeeds().out());
    float[][] rows = Cli.rows(out);
    assertEquals(List.of("a-tiger.PNG", "b owl.png", "a-tiger.PNG"), ids());
    assertArrayEquals(rows[0], rows[2]);
    try (ClipModel model = ClipModel.load(Path.of(Cli.MODEL))) {
      float[] expected = model.embedImage(ImageSource.of(owl));
      assertArrayEquals(expected, rows[1], 1e-6f);
    }
    assertEquals(1, dot(rows[1], rows[1]), 1e-6);
  }

  @Test
  void foldersAreSortedAndHoldPicturesAlone() {
    embed(pictures).succeeds();
    assertEquals(List.of("a-tiger.PNG", "b owl.png", "below/c.webp"), ids());
  }

  @Test
  void aHiddenFolderThatIsNamed() {
    embed(pictures.resolve(".hidden")).succeeds();
    assertEquals(List.of(".hidden/d.jpg"), ids());
  }

  @Test
  void globs() {
    embed(pictures + "/*owl*", pictures + "/*.PNG").succeeds();
    assertEquals(List.of("b owl.png", "a-tiger.PNG"), ids());
    embed(pictures + "/[ab]*").succeeds();
    assertEquals(List.of("a-tiger.PNG", "b owl.png", "below/c.webp"), ids());
    embed(pictures + "/**/*.{webp,jpg}").succeeds();
    assertEquals(List.of("below/c.webp"), ids());
    embed(pictures + "/*/*").succeeds();
    assertEquals(List.of("below/c.webp"), ids());
    embed(pictures + "/.h*/*").succeeds();
    assertEquals(List.of(".hidden/d.jpg"), ids());
    embed(pictures + "/nothing*").failsWith(1, "matches no file");
    embed(pictures + "/[unclosed").failsWith(1, "matches no file");
  }

  @Test
  void aFileWhoseNameIsAPatternWins() {
    Path odd = Cli.picture("noto-owl.png", pictures, "[ab]*.png");
    embed(odd).succeeds();
    assertEquals(List.of("[ab]*.png"), ids());
  }

  @Test
  void foldersWithLinksThatLeadBack() throws IOException {
    Files.createSymbolicLink(pictures.resolve("below/loop"), pictures);
    embed(pictures).succeeds();
    assertEquals(3, ids().size());
    embed(pictures + "/**/*.webp").succeeds();
    assertEquals(List.of("below/c.webp"), ids());
  }

  @Test
  void repeatedOptionsAndManyValues() {
    Cli.run("embed", "--images", owl, tiger, "--model", Cli.MODEL, "--images", owl, "--out", out)
        .succeeds();
    assertEquals(List.of("b owl.png", "a-tiger.PNG", "b owl.png"), ids());
  }

  @Test
  void failuresAreLeftOutAndNamed() {
    Path text = Cli.write(pictures.resolve("text.jpg"), "not a picture");
    Path missing = pictures.resolve("missing.png");
    Cli.Result result = embed(owl, missing, text, tiger).hasStatus(3);
    assertEquals(2, result.err().lines().count(), result.err());
    assertTrue(result.err().contains("clip4j: " + missing + ": no such file (check"));
    assertTrue(
        result.err().contains("clip4j: " + text + ": not a JPEG, PNG, WebP, GIF, BMP or TIFF"));
    assertEquals(List.of("b owl.png", "a-tiger.PNG"), ids());
    assertEquals(2, Cli.rows(out).length);
  }

  @Test
  void badPicturesEachSayWhatIsWrong() throws IOException {
    byte[] jpeg = Cli.pictureBytes("rider.jpg");
    byte[] png = Cli.pictureBytes("noto-owl.png");
    ByteBuffer.wrap(png).putInt(16, 100_000).putInt(20, 100_000);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Map<Path, String> bad =
        Map.of(
            folder.resolve("missing.png"),
            "no such file",
            empty,
            "holds no",
            Cli.write(folder.resolve("empty.png"), ""),
            "empty",
            Cli.write(folder.resolve("cut.jpg"), Arrays.copyOf(jpeg, jpeg.length / 2)),
            "damaged or incomplete",
            Cli.write(folder.resolve("huge.png"), png),
            "100000 x 100000",
            Cli.write(folder.resolve("text.jpg"), "hello"),
            "not a JPEG");
    bad.forEach((file, why) -> embed(file).failsWith(1, file.toString(), why));
    embed("").failsWith(1, "empty");
    assertFalse(Files.exists(out));
  }

  @Test
  void allFailedWritesNothing() {
    Cli.write(out, "old");
    Cli.Result result = embed("a.png", "b.png").hasStatus(1);
    assertEquals("", result.out());
    assertTrue(result.err().contains("all 2 pictures failed"), result.err());
    assertEquals("old", Cli.read(out));
    assertEquals(List.of("out.npy", "pictures"), Cli.namesIn(folder));
  }

  @Test
  void batchesDoNotChangeOrder() {
    Object[] many = Collections.nCopies(70, owl).toArray();
    many[3] = folder.resolve("missing.png");
    many[66] = tiger;
    embed(many).hasStatus(3);
    float[][] rows = Cli.rows(out);
    assertEquals(69, rows.length);
    assertEquals("a-tiger.PNG", ids().get(65));
    assertTrue(dot(rows[0], rows[64]) > 0.999999);
    assertTrue(dot(rows[0], rows[65]) < 0.99);
  }

  @Test
  void textsFile() {
    Path file = Cli.write(folder.resolve("t"), "\uFEFFeins\r\n\n drei \r\rx\r\n\n\uFEFFlast\r");
    Cli.run("embed", "--texts-file", file, "--model", Cli.MODEL, "--out", out).succeeds();
    assertEquals(List.of("eins", "", " drei \r\rx", "", "\uFEFFlast\r"), Cli.ids(out));
    float[][] rows = Cli.rows(out);
    assertArrayEquals(rows[1], rows[3]);
    assertEquals(1, dot(rows[1], rows[1]), 1e-6);
    file = Cli.write(folder.resolve("t"), "\n");
    Cli.run("embed", "--texts-file", file, "--model", Cli.MODEL, "--out", out).succeeds();
    assertEquals(List.of(""), Cli.ids(out));
  }

  @Test
  void badTextsFiles() {
    Path latin =
        Cli.write(folder.resolve("l"), "ok\nna\u00efve\n".getBytes(StandardCharsets.ISO_8859_1));
    texts(latin).failsWith(1, latin + " line 2", "UTF-8");
    Path surrogate =
        Cli.write(folder.resolve("s"), new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80});
    texts(surrogate).failsWith(1, surrogate + " line 1", "UTF-8");
    texts(Cli.write(folder.resolve("e"), "")).failsWith(1, "is empty");
    Path endless = Cli.write(folder.resolve("n"), "ok\n" + "a".repeat((1 << 20) + 1));
    texts(endless).failsWith(1, endless + " line 2", "over 1048576 bytes");
    texts(folder).failsWith(1, "directory");
    texts(folder.resolve("missing")).failsWith(1, "missing", "no such file");
    assertFalse(Files.exists(out));
    assertEquals(List.of("e", "l", "n", "pictures", "s"), Cli.namesIn(folder));
  }

  private Cli.Result texts(Path file) {
    return Cli.run("embed", "--texts-file", file, "--model", Cli.MODEL, "--out", out);
  }

  @Test
  void longTextsAreCutAloud() {
    String text = "red apple ".repeat(200) + "a boat ".repeat(200);
    Cli.Result result =
        Cli.run("embed", "--text", text, "--text", "a", "--model", Cli.MODEL, "--out", out);
    assertEquals(0, result.status());
    assertTrue(result.err().contains("1 of 2 texts were longer than 32 tokens"), result.err());
    float[][] cut = Cli.rows(out);
    Cli.run(
            "embed",
            "--text",
            text,
            "--text",
            "a",
            "--model",
            Cli.MODEL,
            "--out",
            out,
            "--long-texts",
            "pool")
        .succeeds();
    assertArrayEquals(cut[1], Cli.rows(out)[1]);
    assertTrue(dot(cut[0], Cli.rows(out)[0]) < 0.99);
  }

  @Test
  void formatsHoldTheSame() throws IOException {
    Path tensors = folder.resolve("out.safetensors");
    Path lines = folder.resolve("out.jsonl");
    for (Path file : List.of(out, tensors, lines)) {
      Cli.run("embed", "--images", owl, tiger, "--model", Cli.MODEL, "--out", file).succeeds();
      assertEquals(List.of(owl.toString(), tiger.toString()), Cli.ids(file));
    }
    float[][] rows = Cli.rows(out);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(tensors)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[(int) bytes.getLong()];
    bytes.get(header);
    JsonObject tensor =
        JsonParser.parseString(new String(header, StandardCharsets.UTF_8))
            .getAsJsonObject()
            .getAsJsonObject("embeddings");
    assertEquals("{\"dtype\":\"F32\",\"shape\":[2,192],\"data_offsets\":[0,1536]}", "" + tensor);
    List<String> objects = Files.readAllLines(lines);
    assertEquals(2, objects.size());
    for (int row = 0; row < 2; row++) {
      JsonObject object = JsonParser.parseString(objects.get(row)).getAsJsonObject();
      assertEquals(List.of(owl, tiger).get(row).toString(), object.get("id").getAsString());
      for (int i = 0; i < 192; i++) {
        assertEquals(rows[row][i], bytes.getFloat());
        assertEquals(rows[row][i], object.getAsJsonArray("embedding").get(i).getAsFloat());
      }
    }
    assertEquals(0, bytes.remaining());
  }

  @Test
  void timingsAreTheLastLine() {
    Cli.Result result =
        Cli.run("embed", "--images", owl, tiger, "--model", Cli.MODEL, "--timings", "--out", out)
            .succeeds();
    String last = result.out().lines().reduce((a, b) -> b).orElseThrow();
    JsonObject timings = JsonParser.parseString(last).getAsJsonObject();
    assertEquals(2, timings.get("items").getAsInt());
    for (String name : List.of("load_ms", "preprocess_ms", "encode_ms", "items_per_s")) {
      assertTrue(timings.get(name).getAsDouble() > 0, last);
    }
    assertEquals(5, timings.size());
  }

  @Test
  void theBuiltInModelSaysWhatItKnowsOnce() {
    Object[] many = Collections.nCopies(130, owl).toArray();
    Path other = folder.resolve("other.npy");
    List<Object> args = new java.util.ArrayList<>(List.of("embed", "--out", other, "--images"));
    args.addAll(List.of(many));
    Cli.Result result = Cli.run(args.toArray()).hasStatus(0);
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(result.err().contains("emoji and icons, not photographs"), result.err());
    Cli.run("embed", "--text", "a", "--out", other).succeeds();
    embed(many).succeeds();
    assertArrayEquals(Cli.rows(out)[0], Cli.rows(out)[129]);
  }

  @Test
  void outputsThatCannotBe() throws IOException {
    Path readOnly = Cli.write(folder.resolve("ro.npy"), "old");
    Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r--r--r--"));
    texts("a", readOnly).failsWith(1, "ro.npy: is read-only");
    assertEquals("old", Cli.read(readOnly));
    Path locked = Files.createDirectory(folder.resolve("locked"));
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
    texts("a", locked.resolve("x.npy")).failsWith(1, "its folder is read-only");
    texts("a", folder.resolve("no/x.npy")).failsWith(1, "its folder does not exist");
    texts("a", Files.createDirectory(folder.resolve("d.npy"))).failsWith(1, "is a directory");
    texts("a", Path.of("/proc/x.npy")).failsWith(1, "/proc/x.npy");
    Path taken = Files.createDirectories(folder.resolve("y.npy.ids.json")).resolveSibling("y.npy");
    texts("a", taken).failsWith(1, "y.npy.ids.json: is a directory");
    assertFalse(Files.exists(taken));
  }

  private static Cli.Result texts(String text, Path out) {
    return Cli.run("embed", "--text", text, "--model", Cli.MODEL, "--out", out);
  }

  @Test
  void whatIsReplacedWasPrivateAndStaysSo() throws IOException {
    Path secret = Cli.write(folder.resolve("secret.npy"), "old");
    Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rw-------");
    Files.setPosixFilePermissions(secret, owner);
    texts("a", secret).succeeds();
    assertEquals(owner, Files.getPosixFilePermissions(secret));
    assertEquals(1, Cli.rows(secret).length);
  }

  @Test
  void aLinkToAFileIsKept() throws IOException {
    Path target = Cli.write(folder.resolve("target.npy"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.npy"), target);
    texts("a", link).succeeds();
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(1, Cli.rows(target).length);
    Files.delete(target);
    texts("a", link).failsWith(1, "link.npy: is a link to nothing");
    assertTrue(Files.isSymbolicLink(link));
  }

  @Test
  void modelsThatAreNone() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    for (Object model : List.of("no-such", "openai/clip-vit-base-patch32", empty, owl, "")) {
      Cli.run("embed", "--text", "a", "--model", model, "--out", out).failsWith(1, "" + model);
    }
    assertFalse(Files.exists(out));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}

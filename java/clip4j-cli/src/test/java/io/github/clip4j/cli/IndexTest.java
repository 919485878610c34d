package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.clip4j.ClipModel;
import io.github.clip4j.Precision;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Ids;
import io.github.clip4j.search.OpenOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code index} and {@code search}. */
class IndexTest {
  @TempDir Path folder;
  private Path pictures;
  private Path index;

  @BeforeEach
  void makePictures() {
    pictures = folder.resolve("pictures");
    index = folder.resolve("index");
    for (String name : List.of("owl", "rocket", "strawberry", "tiger")) {
      Cli.picture("noto-" + name + ".png", pictures, name + ".png");
    }
  }

  private Cli.Result index() {
    return Cli.run("index", index, "--images", pictures, "--model", Cli.MODEL);
  }

  private void indexes(int count, int embedded, int dropped) {
    String expected =
        "%s: %d pictures (%d embedded, %d known, %d dropped)\n"
            .formatted(index, count, embedded, count - embedded, dropped);
    assertEquals(expected, index().succeeds().out());
  }

  private JsonArray search(Object... more) {
    Object[] args = new Object[more.length + 3];
    args[0] = "search";
    args[1] = index;
    args[2] = "--json";
    System.arraycopy(more, 0, args, 3, more.length);
    return Cli.run(args).succeeds().json().getAsJsonArray("hits");
  }

  private String first(Object... more) {
    String id = search(more).get(0).getAsJsonObject().get("id").getAsString();
    return Path.of(id).getFileName().toString();
  }

  /** As where the machine goes down: what is committed now and then is not embedded again. */
  @Test
  void whatWasEmbeddedBeforeAnAbruptEndIsKept() {
    List<PictureFile> files = new ArrayList<>();
    byte[] owl = Cli.pictureBytes("noto-owl.png");
    for (int i = 0; i < BatchEmbedder.PICTURES; i++) { // PNG ignores what follows its end.
      byte[] different = Arrays.copyOf(owl, owl.length + 1 + i);
      files.add(PictureFile.of("" + i, Cli.write(folder.resolve(i + ".png"), different)));
    }
    files.add(PictureFile.of("bad", Cli.write(folder.resolve("bad.png"), "bad")));
    OutputStream end =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new IllegalStateException("the end, while the bad picture is named");
          }
        };
    IndexPlan plan = IndexPlan.of(files, Optional.empty(), contents -> Set.of());
    assertThrows(IllegalStateException.class, () -> write(plan, end));
    assertEquals(BatchEmbedder.PICTURES, embeddings());
  }

  /** As {@code index} does; commits after every batch. */
  private void write(IndexPlan plan, OutputStream err) {
    Console console = new Console(System.out, new PrintStream(err, true), false);
    try (PictureIndex pictures = PictureIndex.write(index);
        ClipModel model = ClipModel.load(Path.of(Cli.MODEL));
        Progress progress = new Progress(console, "", "", 1, 1)) {
      BatchEmbedder embedder = new BatchEmbedder(model, console);
      PictureList.Model madeBy = new PictureList.Model("m", null, Precision.FP32, false);
      new IndexWriter(pictures, model, madeBy, embedder, Duration.ZERO).write(plan, 0, progress);
    }
  }

  @Test
  void aPictureThatChangesWhileItIsReadIsLeftOut() {
    List<PictureFile> files = new ArrayList<>();
    for (String name : List.of("owl.png", "tiger.png")) {
      files.add(PictureFile.of(name, pictures.resolve(name)));
    }
    IndexPlan plan = IndexPlan.of(files, Optional.empty(), contents -> Set.of());
    Cli.picture("noto-house.png", pictures, "owl.png");
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    write(plan, err);
    assertTrue(err.toString().startsWith("clip4j: owl.png: changed while it was read (index"));
    assertEquals(1, embeddings());
  }

  @Test
  void findsByTextAndByPicture() {
    indexes(4, 4, 0);
    assertEquals("strawberry.png", first("--text", "red fruit"));
    assertEquals("rocket.png", first("--text", "rocket"));
    JsonObject hit = search("--image", pictures.resolve("owl.png")).get(0).getAsJsonObject();
    assertEquals(pictures.resolve("owl.png").toString(), hit.get("id").getAsString());
    assertEquals(0, hit.get("row").getAsInt());
    assertEquals(1, hit.get("score").getAsDouble(), 1e-6);
    assertEquals(3, hit.size());
    assertEquals(4, search("--text", "x").size());
    assertEquals(2, search("--text", "x", "-k", 2).size());
    assertEquals(4, search("--text", "x", "-k", 1000).size());
    assertEquals(0, search("--text", "x", "--min-score", "1.5").size());
    Cli.Result none = Cli.run("search", index, "--text", "x", "--min-score", "1.5").hasStatus(0);
    assertEquals("clip4j: " + index + ": no picture has a cosine of 1.5 or more\n", none.err());
    assertEquals(1, search("--image", pictures.resolve("owl.png"), "--min-score", "0.99").size());
    String out = Cli.run("search", index, "--text", "red fruit", "-k", "1").succeeds().out();
    assertTrue(out.matches(" 0\\.\\d{4}  .*strawberry.png\\n"), out);
  }

  @Test
  void searchesByTheModelThatIndexed() {
    Path own = model("own");
    Cli.run("index", index, "--images", pictures, "--model", own).succeeds();
    assertEquals("rocket.png", first("--text", "rocket"));
    Cli.run("search", index, "--text", "a", "--model", Cli.MODEL)
        .failsWith(1, index.toString(), "was made by another model, own");
  }

  @Test
  void onlyNewAndChangedPicturesAreEmbedded() throws IOException {
    indexes(4, 4, 0);
    indexes(4, 0, 0);
    Cli.picture("noto-bicycle.png", pictures, "a.png");
    indexes(5, 1, 0);
    assertEquals("a.png", first("--text", "bicycle"));
    Files.delete(pictures.resolve("tiger.png"));
    indexes(4, 0, 1);
    Files.move(pictures.resolve("owl.png"), pictures.resolve("z.png"));
    indexes(4, 0, 1);
    assertEquals("z.png", first("--text", "owl"));
    Cli.picture("noto-house.png", pictures, "rocket.png");
    indexes(4, 1, 0);
    assertEquals("rocket.png", first("--text", "house"));
    assertEquals("a.png", first("--text", "bicycle"));
    Files.setLastModifiedTime(pictures.resolve("a.png"), FileTime.fromMillis(1));
    indexes(4, 0, 0);
    assertEquals(4, embeddings());
  }

  /** How many the index has, whatever its list says. */
  private int embeddings() {
    try (EmbeddingIndex opened = EmbeddingIndex.open(index)) {
      return opened.size();
    }
  }

  @Test
  void picturesOfTheSameBytesShareAnEmbedding() throws IOException {
    Files.copy(pictures.resolve("owl.png"), pictures.resolve("copy.png"));
    indexes(5, 4, 0);
    assertEquals(4, embeddings());
    JsonArray found = search("--image", pictures.resolve("owl.png"), "-k", 2);
    assertEquals(2, found.size());
    assertTrue(found.toString().contains("owl.png") && found.toString().contains("copy.png"));
    Files.delete(pictures.resolve("owl.png"));
    indexes(4, 0, 1);
    assertEquals("copy.png", first("--text", "owl"));
    Cli.write(pictures.resolve("bad.png"), "not a picture");
    Cli.write(pictures.resolve("worse.png"), "not a picture");
    assertEquals(2, index().hasStatus(3).err().lines().count());
  }

  @Test
  void swappedPicturesAreFoundUnderTheirNewNames() throws IOException {
    indexes(4, 4, 0);
    Files.move(pictures.resolve("owl.png"), folder.resolve("swap"));
    Files.move(pictures.resolve("rocket.png"), pictures.resolve("owl.png"));
    Files.move(folder.resolve("swap"), pictures.resolve("rocket.png"));
    indexes(4, 0, 0);
    assertEquals("owl.png", first("--text", "rocket"));
    assertEquals("rocket.png", first("--text", "owl"));
  }

  @Test
  void aChangeThatKeepsSizeAndTimeIsSeen() throws IOException {
    Path tiger = pictures.resolve("tiger.png");
    Path house = Cli.picture("noto-house.png", folder);
    byte[] before = Files.readAllBytes(tiger);
    byte[] after = Files.readAllBytes(house);
    int size = Math.max(before.length, after.length); // PNG ignores what follows its end.
    FileTime time = FileTime.fromMillis(1_000_000_000_000L);
    Cli.write(tiger, Arrays.copyOf(before, size));
    Files.setLastModifiedTime(tiger, time);
    indexes(4, 4, 0);
    // A list of long after: nothing is looked at for being of the last two seconds.
    Path list = index.resolve("pictures.json");
    String written = "\"written\":";
    Cli.write(list, Cli.read(list).replaceFirst(written + "\\d+", written + Long.MAX_VALUE));
    Cli.write(tiger, Arrays.copyOf(after, size));
    Files.setLastModifiedTime(tiger, time);
    indexes(4, 1, 0);
    assertEquals("tiger.png", first("--text", "house"));
  }

  @Test
  void theIndexHoldsWhatWasNamedAndEachPictureOnce() {
    Path owl = pictures.resolve("owl.png");
    Path same = pictures.resolve("../pictures/owl.png");
    Cli.run("index", index, "--images", owl, same, owl, "--model", Cli.MODEL).succeeds();
    assertEquals(1, search("--text", "a").size());
    indexes(4, 3, 0);
  }

  @Test
  void picturesThatFailAreLeftOut() {
    Cli.write(pictures.resolve("bad.png"), "not a picture");
    Cli.Result result = index().hasStatus(3);
    assertTrue(result.err().startsWith("clip4j: " + pictures.resolve("bad.png") + ": not a"));
    assertEquals(1, result.err().lines().count());
    assertEquals(4, search("--text", "a").size());
    Cli.write(pictures.resolve("tiger.png"), "not a picture any more");
    assertEquals(2, index().hasStatus(3).err().lines().count());
    assertEquals(3, search("--text", "a").size());
  }

  @Test
  void whereAllFailNothingChanges() {
    Cli.run("index", index, "--images", "missing.png", "--model", Cli.MODEL)
        .failsWith(1, "missing.png: no such file");
    assertFalse(Files.exists(index));
    indexes(4, 4, 0);
    Cli.Result result = Cli.run("index", index, "--images", "a.png", "b.png", "--model", Cli.MODEL);
    result.hasStatus(1);
    assertTrue(result.err().contains("all 2 pictures failed"), result.err());
    assertEquals(4, search("--text", "a").size());
  }

  /** As a disk that is not mounted looks. */
  @Test
  void aFolderThatFailsKeepsItsPictures() throws IOException {
    indexes(4, 4, 0);
    Path aside = Files.move(pictures, pictures.resolveSibling("pictures2"));
    Object[] command = {"index", index, "--images", pictures, aside, "--model", Cli.MODEL};
    Cli.Result missing = Cli.run(command).hasStatus(3);
    assertTrue(
        missing.out().contains("8 pictures (0 embedded, 8 known, 0 dropped)"), missing.out());
    assertTrue(missing.err().contains("4 pictures that cannot be read stay"), missing.err());
    Files.createDirectory(pictures);
    assertTrue(Cli.run(command).hasStatus(3).out().contains("8 pictures"), "it is empty");
    String kept = index().hasStatus(3).out();
    assertTrue(kept.contains("4 pictures (0 embedded, 4 known, 4 dropped)"), kept);
    String out = Cli.run("index", index, "--images", aside, "--model", Cli.MODEL).succeeds().out();
    assertTrue(out.contains("4 pictures (0 embedded, 4 known, 4 dropped)"), out);
  }

  @Test
  void aPictureThatCannotBeReadStays() throws IOException {
    indexes(4, 4, 0);
    Path owl = pictures.resolve("owl.png");
    Files.delete(owl);
    Files.createSymbolicLink(owl, owl); // Root may read everything else.
    Cli.Result result = Cli.run("index", index, "--images", pictures, "--model", Cli.MODEL);
    assertEquals(
        index + ": 4 pictures (0 embedded, 4 known, 0 dropped)\n", result.hasStatus(3).out());
    assertTrue(result.err().contains(owl + ": cannot be read: "), result.err());
    assertEquals("owl.png", first("--text", "an owl"));
    Files.delete(owl);
    Files.createDirectory(owl);
    Path tiger = pictures.resolve("tiger.png");
    String out =
        Cli.run("index", index, "--images", owl, tiger, "--model", Cli.MODEL).hasStatus(3).out();
    assertTrue(out.contains("1 pictures (0 embedded, 1 known, 3 dropped)"), out);
  }

  @Test
  void aPictureBelowAFolderThatFailsIsRead() throws IOException {
    Path empty = folder.resolve("empty");
    Path hidden = empty.resolve(".hidden");
    Cli.picture("noto-owl.png", hidden, "a.png");
    Path picture = hidden.resolve("a.png");
    Object[] command = {"index", index, "--images", empty, picture, "--model", Cli.MODEL};
    Cli.run(command).hasStatus(3);
    Files.delete(picture);
    Cli.picture("noto-tiger.png", hidden, "a.png");
    String out = Cli.run(command).hasStatus(3).out();
    assertTrue(out.contains("1 pictures (1 embedded, 0 known, 0 dropped)"), out);
  }

  @Test
  void whatIsNoFileIsNotRead() throws Exception {
    Path pipe = pictures.resolve("pipe.png");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Cli.Result result = Cli.run("index", index, "--images", pictures, "--model", Cli.MODEL);
    result.hasStatus(3);
    assertTrue(result.err().contains("pipe.png: is not a regular file"), result.err());
  }

  @Test
  void aDeletedPictureThatIsNamedAgainIsDropped() throws IOException {
    Path owl = pictures.resolve("owl.png");
    Path tiger = pictures.resolve("tiger.png");
    Object[] command = {"index", index, "--images", owl, tiger, "--model", Cli.MODEL};
    Cli.run(command).succeeds();
    Files.delete(tiger);
    String out = Cli.run(command).succeeds().out();
    assertTrue(out.contains("1 pictures (0 embedded, 1 known, 1 dropped)"), out);
    Cli.run(command).failsOnlyFor(tiger);
  }

  @Test
  void anotherModelIsRefused() {
    indexes(4, 4, 0);
    Path other = model("other");
    Cli.run("index", index, "--images", pictures, "--model", other)
        .failsWith(1, index.toString(), "another model, emoji-clip", "another folder");
    assertEquals(4, search("--text", "a").size());
  }

  /** The built-in model with another normalisation. */
  private Path model(String name) {
    try {
      Path copy = Files.createDirectories(folder.resolve(name));
      for (String file : Cli.namesIn(Path.of(Cli.MODEL))) {
        if (file.endsWith(".json") || file.endsWith(".safetensors")) {
          Files.copy(Path.of(Cli.MODEL, file), copy.resolve(file));
        }
      }
      Path config = copy.resolve("preprocessor_config.json");
      String changed = Cli.read(config).replaceFirst("0\\.48\\d+", "0.47");
      assertNotEquals(Cli.read(config), changed);
      Cli.write(config, changed);
      return copy;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void oneWriterAtATime() {
    indexes(4, 4, 0);
    try (EmbeddingIndex writer = EmbeddingIndex.open(index, OpenOptions.WRITE)) {
      index().failsWith(1, index.toString(), "open for writing", "try again when it is done");
      assertEquals(4, search("--text", "a").size());
      assertEquals(4, writer.size());
    }
    indexes(4, 0, 0);
  }

  @Test
  void theListIsReplacedOnceItsEmbeddingsAreDurable() throws IOException {
    indexes(4, 4, 0);
    Path list = index.resolve("pictures.json");
    String before = Cli.read(list);
    Cli.picture("noto-bicycle.png", pictures, "a.png");
    Path inTheWay = Files.createDirectory(index.resolve("manifest.pending"));
    index().failsWith(1, index.toString(), "manifest.pending");
    assertEquals(before, Cli.read(list));
    Files.delete(inTheWay);
    indexes(5, 1, 0);
  }

  @Test
  void whatAWriterThatDiedLeftIsPassedOverAndRemoved() {
    indexes(4, 4, 0);
    Cli.write(index.resolve("segment-77.safetensors"), "never published");
    Cli.write(index.resolve("mine.txt"), "not the index's");
    float[] row; // better than every picture
    try (ClipModel model = ClipModel.load(Path.of(Cli.MODEL))) {
      row = model.embedText("a");
    }
    try (EmbeddingIndex writer = EmbeddingIndex.open(index, OpenOptions.WRITE);
        Embeddings rows = Embeddings.copyOf(new float[][] {row, row})) {
      writer.add(rows, Ids.of("0".repeat(64), "1".repeat(64)));
      writer.commit();
    }
    assertEquals(6, embeddings());
    assertEquals(4, search("--text", "a").size());
    assertEquals(1, search("--text", "a", "-k", 1).size());
    indexes(4, 0, 0);
    assertEquals(4, embeddings());
    assertFalse(Files.exists(index.resolve("segment-77.safetensors")));
    assertTrue(Files.exists(index.resolve("mine.txt")));
  }

  @Test
  void whatAnInterruptedWriterEmbeddedIsNotEmbeddedAgain() throws IOException {
    indexes(4, 4, 0);
    Files.delete(index.resolve("pictures.json"));
    Cli.run("search", index, "--text", "a").failsWith(1, "holds no index");
    Cli.picture("noto-bicycle.png", pictures, "a.png");
    indexes(5, 1, 0);
    assertEquals("a.png", first("--text", "bicycle"));
  }

  @Test
  void damagedIndexesAreRefused() throws IOException {
    indexes(4, 4, 0);
    Path segment =
        index.resolve(
            Cli.namesIn(index).stream().filter(n -> n.startsWith("segment")).findAny().get());
    Path list = index.resolve("pictures.json");
    byte[] good = Files.readAllBytes(segment);
    byte[] bad = good.clone();
    bad[good.length / 2] ^= 1;
    Cli.write(segment, bad);
    Cli.run("search", index, "--text", "a")
        .failsWith(1, index.toString(), segment.getFileName().toString());
    Cli.write(segment, Arrays.copyOf(good, good.length - 4));
    refused(segment.getFileName().toString());
    Files.delete(segment);
    refused(segment.getFileName().toString());
    Cli.write(segment, good);
    String json = Cli.read(list);
    for (String wrong :
        List.of(
            "",
            "{}",
            "[]",
            "null",
            "{\"files\":{}}",
            json.substring(0, json.length() / 2),
            json.replace("clip4j-pictures", "x"),
            json.replaceAll("\"entries\":.*]", "\"entries\":[null]"))) {
      Cli.write(list, wrong);
      refused("pictures.json is not that of a clip4j index");
      assertEquals(wrong, Cli.read(list));
    }
    Cli.write(list, json.replace("\"version\":2", "\"version\":1"));
    refused("pictures.json is of another version of clip4j (index into another folder");
    Cli.write(list, json);
    assertEquals(4, search("--text", "a").size());
    Files.delete(index.resolve("manifest.safetensors"));
    refused("");
  }

  private void refused(String why) {
    index().failsWith(1, index.toString(), why);
    Cli.run("search", index, "--text", "a").failsWith(1, index.toString(), why);
  }

  @Test
  void badInput() throws IOException {
    Cli.run("search", folder.resolve("none"), "--text", "a").failsWith(1, "none: holds no index");
    Cli.run("search", pictures, "--text", "a").failsWith(1, "holds no index");
    indexes(4, 4, 0);
    Cli.run("search", index, "--text", "a", "-k", "0").failsWith(2, "-k 0");
    Cli.run("search", index, "--text", "a", "--min-score", "NaN").failsWith(2, "--min-score");
    Cli.run("search", index, "--text", "a", "--min-score", "x").failsWith(2, "--min-score");
    Cli.run("search", index, "--image", "missing.png").failsWith(1, "missing.png: no such file");
    Cli.run("search", index, "--image", pictures).failsWith(1, "directory");
    Cli.run("search", index, "--text", "a", "--html", folder.resolve("no/x.html"))
        .failsWith(1, "x.html: its folder does not exist");
    Path file = Cli.write(folder.resolve("file"), "");
    Cli.run("index", file, "--images", pictures, "--model", Cli.MODEL).failsWith(1, "not a folder");
    Cli.run("index", "/proc/index", "--images", pictures, "--model", Cli.MODEL)
        .failsWith(1, "/proc/index");
  }

  @Test
  void thePageShowsWhatWasFound() throws IOException {
    indexes(4, 4, 0);
    Path page = folder.resolve("found.html");
    Cli.run("search", index, "--text", "<red> fruit", "--html", page).succeeds();
    String html = Cli.read(page);
    assertTrue(html.contains("&lt;red&gt; fruit") && html.contains("data:image/png;base64,"));
    assertTrue(html.contains("strawberry.png"));
    Files.move(
        pictures.resolve("tiger.png"), folder.resolve("gone"), StandardCopyOption.ATOMIC_MOVE);
    Path owl = pictures.resolve("owl.png");
    assertEquals(4, search("--image", owl, "--html", page).size());
    assertTrue(Cli.read(page).contains("tiger.png (cannot be read any more)"));
  }
}

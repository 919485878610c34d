package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What {@code index} embeds, and what it knows already. */
class IndexTest extends WithIndex {
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
  void anotherModelIsRefused() {
    indexes(4, 4, 0);
    Path other = model("other");
    Cli.run("index", index, "--images", pictures, "--model", other)
        .failsWith(1, index.toString(), "another model, emoji-clip", "another folder");
    assertEquals(4, search("--text", "a").size());
  }
}

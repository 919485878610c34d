package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Pictures and folders that {@code index} cannot read. */
class IndexFailuresTest extends WithIndex {
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
}

package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;

/** {@code search}. */
class SearchTest extends WithIndex {
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

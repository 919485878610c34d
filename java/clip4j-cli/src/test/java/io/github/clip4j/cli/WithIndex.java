package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.google.gson.JsonArray;
import io.github.clip4j.ClipModel;
import io.github.clip4j.Precision;
import io.github.clip4j.search.EmbeddingIndex;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests that each get a folder of four pictures, and a place for an index of them. */
abstract class WithIndex {
  @TempDir Path folder;
  Path pictures;
  Path index;

  @BeforeEach
  void makePictures() {
    pictures = folder.resolve("pictures");
    index = folder.resolve("index");
    for (String name : List.of("owl", "rocket", "strawberry", "tiger")) {
      Cli.picture("noto-" + name + ".png", pictures, name + ".png");
    }
  }

  Cli.Result index() {
    return Cli.run("index", index, "--images", pictures, "--model", Cli.MODEL);
  }

  void indexes(int count, int embedded, int dropped) {
    String expected =
        "%s: %d pictures (%d embedded, %d known, %d dropped)\n"
            .formatted(index, count, embedded, count - embedded, dropped);
    assertEquals(expected, index().succeeds().out());
  }

  JsonArray search(Object... more) {
    Object[] args = new Object[more.length + 3];
    args[0] = "search";
    args[1] = index;
    args[2] = "--json";
    System.arraycopy(more, 0, args, 3, more.length);
    return Cli.run(args).succeeds().json().getAsJsonArray("hits");
  }

  String first(Object... more) {
    String id = search(more).get(0).getAsJsonObject().get("id").getAsString();
    return Path.of(id).getFileName().toString();
  }

  /** As {@code index} does; commits after every batch. */
  void write(IndexPlan plan, OutputStream err) {
    Console console = new Console(System.out, new PrintStream(err, true), false);
    try (PictureIndex pictures = PictureIndex.write(index);
        ClipModel model = ClipModel.load(Path.of(Cli.MODEL));
        Progress progress = new Progress(console, "", "", 1, 1)) {
      BatchEmbedder embedder = new BatchEmbedder(model, console);
      PictureList.Model madeBy = new PictureList.Model("m", null, Precision.FP32, false);
      new IndexWriter(pictures, model, madeBy, embedder, Duration.ZERO).write(plan, 0, progress);
    }
  }

  /** How many the index has, whatever its list says. */
  int embeddings() {
    try (EmbeddingIndex opened = EmbeddingIndex.open(index)) {
      return opened.size();
    }
  }

  /** The built-in model with another normalisation. */
  Path model(String name) {
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
}

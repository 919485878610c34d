package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.ClipModel;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.IdKind;
import io.github.clip4j.search.Ids;
import io.github.clip4j.search.IndexSchema;
import io.github.clip4j.search.OpenOptions;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code index} does not mix its embeddings with others, and drops none that it did not make. */
class IndexMakerTest {
  @TempDir Path folder;
  private Path pictures;
  private Path index;

  @BeforeEach
  void makePictures() {
    pictures = folder.resolve("pictures");
    index = folder.resolve("index");
    Cli.picture("noto-owl.png", pictures, "owl.png");
  }

  private Cli.Result index(Object... more) {
    Object[] args = new Object[more.length + 6];
    System.arraycopy(
        new Object[] {"index", index, "--images", pictures, "--model", Cli.MODEL}, 0, args, 0, 6);
    System.arraycopy(more, 0, args, 6, more.length);
    return Cli.run(args);
  }

  private static float[] row() {
    float[] row = new float[192];
    row[0] = 1;
    return row;
  }

  private Ids ids() {
    try (EmbeddingIndex reader = EmbeddingIndex.open(index)) {
      return reader.ids();
    }
  }

  private void create(IdKind kind, Ids ids) {
    try (ClipModel model = ClipModel.load(Path.of(Cli.MODEL));
        Embeddings rows = Embeddings.copyOf(new float[][] {row(), row()});
        EmbeddingIndex program =
            EmbeddingIndex.create(index, new IndexSchema(192, kind, model.fingerprint()))) {
      program.upsert(rows, ids);
      program.commit();
    }
  }

  @Test
  void anIndexOfAProgramIsRefused() {
    Ids names = Ids.of("apple", "boat");
    create(IdKind.STRING, names);
    index().failsWith(1, "index: has embeddings that clip4j index did not make", "of apple");
    assertEquals(names, ids());
  }

  @Test
  void anIndexOfAProgramWithNumbersIsRefused() {
    create(IdKind.LONG, Ids.of(7, 8));
    index().failsWith(1, "index: has embeddings that clip4j index did not make, of numbers");
  }

  @Test
  void whatAProgramAddsIsNotDropped() {
    index().succeeds();
    try (Embeddings rows = Embeddings.copyOf(new float[][] {row()});
        EmbeddingIndex program = EmbeddingIndex.open(index, OpenOptions.WRITE)) {
      program.upsert(rows, Ids.of("mine"));
      program.commit();
    }
    index().failsWith(1, "index: has embeddings that clip4j index did not make", "of mine");
    assertEquals(2, ids().size());
    try (EmbeddingIndex program = EmbeddingIndex.open(index, OpenOptions.WRITE)) {
      program.remove(Ids.of(ids().stringId(0)));
      program.commit();
    }
    index().failsWith(1, "index: has embeddings that clip4j index did not make", "of mine");
    assertEquals(Ids.of("mine"), ids());
  }

  /** As where the first run was killed. */
  @Test
  void aFirstRunGoesOnAsItBegan() {
    index("--precision", "bf16").succeeds();
    Path list = index.resolve("pictures.json");
    Cli.write(list, Cli.read(list).replaceAll("\"entries\":.*]", "\"entries\":[]"));
    Cli.run("search", index, "--text", "a").failsWith(1, "holds no index");
    index().failsWith(1, "index: was made with --precision bf16, not fp32");
    String out = index("--precision", "bf16").succeeds().out();
    assertEquals(index + ": 1 pictures (0 embedded, 1 known, 0 dropped)\n", out);
  }

  @Test
  void aFirstRunThatLeftNoEmbeddingsBindsNobody() {
    index("--precision", "bf16").succeeds();
    Path list = index.resolve("pictures.json");
    Cli.write(list, Cli.read(list).replaceAll("\"entries\":.*]", "\"entries\":[]"));
    try (EmbeddingIndex program = EmbeddingIndex.open(index, OpenOptions.WRITE)) {
      program.remove(program.ids());
      program.commit();
    }
    index().succeeds();
    assertTrue(Cli.read(list).contains("\"precision\":\"FP32\""), Cli.read(list));
  }

  @Test
  void precisionsAreNotMixed() {
    index("--precision", "bf16").succeeds();
    index().failsWith(1, "index: was made with --precision bf16, not fp32");
    index("--precision", "bf16").succeeds();
  }

  @Test
  void picturesAreTurnedAllOrNone() {
    Path sideways = Cli.sideways(pictures.resolve("sideways.jpg"));
    index("--exif").succeeds();
    index().failsWith(1, "index: was made with --exif (do so again, or index into another");
    String hits = Cli.run("search", index, "--image", sideways).succeeds().out();
    assertEquals(" 1.0000  " + sideways, hits.lines().findFirst().orElseThrow());
  }
}

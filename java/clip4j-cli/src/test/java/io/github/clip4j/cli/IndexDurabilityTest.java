package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.ClipModel;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Ids;
import io.github.clip4j.search.OpenOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What of an index lasts, and what is done about the rest. */
class IndexDurabilityTest extends WithIndex {
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
}

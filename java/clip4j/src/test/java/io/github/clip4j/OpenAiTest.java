package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's archives, by their own name and by their folder's. OpenClipTest has their rows. */
class OpenAiTest {
  @TempDir Path temp;
  private Path archive;

  @BeforeEach
  void copy() throws IOException {
    archive = temp.resolve("Tiny.pt");
    Path resources = TinyModel.resource("tiny-open-clip");
    Files.copy(resources.resolve("archive/Tiny.pt"), archive);
    Files.copy(resources.resolve("pytorch_model.bin"), temp.resolve("other.bin"));
    for (String name : new String[] {"vocab.json", "merges.txt"}) {
      Files.copy(TinyModel.file(name), temp.resolve(name));
    }
  }

  private void assertFails(Path model, Kind kind, String words) {
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> ClipModel.load(model).close());
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  @Test
  void namedAsAFile() {
    try (ClipModel byFile = ClipModel.load(archive.toString());
        ClipModel byFolder = ClipModel.load(temp)) {
      assertEquals("Tiny.pt", byFile.name());
      assertEquals(24, byFile.dimension());
      assertEquals(30, byFile.imageSize());
      assertEquals(byFolder.fingerprint(), byFile.fingerprint());
      assertArrayEquals(byFolder.embedText("a cat"), byFile.embedText("a cat"));
    }
  }

  /** As training leaves them: nothing but the file's name makes it an archive of OpenAI's. */
  @Test
  void aConfigurationInTheFolderComesFirst() throws IOException {
    Files.delete(temp.resolve("vocab.json"));
    Files.delete(temp.resolve("merges.txt"));
    TinyModel.copyTo(temp);
    try (ClipModel model = ClipModel.load(temp)) {
      assertEquals(16, model.dimension());
    }
    try (ClipModel model = ClipModel.load(archive)) {
      assertEquals(24, model.dimension());
    }
  }

  @Test
  void severalInOneFolder() throws IOException {
    Files.copy(archive, temp.resolve("Other.pt"));
    assertFails(temp, Kind.UNSUPPORTED, "name one of them");
    ClipModel.load(archive).close();
  }

  @Test
  void withoutATokenizer() throws IOException {
    Files.delete(temp.resolve("vocab.json"));
    assertFails(archive, Kind.MISSING, "has no tokenizer.json");
    assertFails(archive, Kind.MISSING, "(those of openai/clip-vit-base-patch32 fit");
  }

  /** Its tensors would do, and nothing says which activation they were trained with. */
  @Test
  void aCheckpointThatIsNotOpenAis() throws IOException {
    Path checkpoint = temp.resolve("epoch_1.pt");
    Files.copy(
        TinyModel.resource("tiny-open-clip/openai/open_clip_pytorch_model.bin"),
        checkpoint);
    assertFails(checkpoint, Kind.UNSUPPORTED, "not one of OpenAI's archives");
  }

  @Test
  void noFileAndNoArchive() throws IOException {
    assertFails(temp.resolve("none.pt"), Kind.MISSING, "does not exist");
    assertFails(temp.resolve("other.bin"), Kind.UNREADABLE, "or OpenAI's .pt file");
    Files.writeString(archive, "<!DOCTYPE html>");
    assertFails(archive, Kind.CORRUPT, "neither a zip file");
  }
}

package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A model's files are sound, whatever happens to the thread that reads them. */
class InterruptTest {
  @Test
  void loadingSaysThatItWasInterrupted() {
    Path model = TinyModel.directory();
    Thread.currentThread().interrupt();
    Clip4jException failure = assertThrows(Clip4jException.class, () -> ClipModel.load(model));
    assertTrue(Thread.interrupted());
    assertEquals(Kind.UNREADABLE, failure.kind());
    assertEquals(
        "reading " + model.resolve("config.json") + " was interrupted", failure.getMessage());
    ClipModel.load(model).close();
  }
}

package consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.ClipModel;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  @Test
  void clip4jIsWhereThisRunPutsIt() {
    assertEquals(
        Boolean.getBoolean("named.module"), ClipModel.class.getModule().isNamed(), "module path or class path");
  }

  @Test
  void findsTheNearestText() {
    assertEquals("a red apple", Retrieval.nearest("red apple", List.of("a dog", "a red apple", "an airplane")));
  }
}

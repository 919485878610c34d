package consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.ClipModel;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.GpuIndex;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  @Test
  void clip4jIsWhereThisRunPutsIt() {
    assertEquals(
        Boolean.getBoolean("named.module"), ClipModel.class.getModule().isNamed(), "module path or class path");
  }

  @Test
  void theLibraryForGpusIsFoundWithOrWithoutAGpu() {
    float[] row = {1, 2};
    try (Embeddings rows = Embeddings.copyOf(row, 2);
        EmbeddingIndex index = EmbeddingIndex.of(rows);
        GpuIndex gpu = index.copyToGpu(0)) {
      assertEquals(0, gpu.search(row, 1).row(0, 0));
    } catch (Clip4jException none) {
      assertEquals(Clip4jException.Kind.UNSUPPORTED, none.kind(), none.getMessage());
    }
  }

  @Test
  void findsTheNearestText() {
    assertEquals("a red apple", Retrieval.nearest("red apple", List.of("a dog", "a red apple", "an airplane")));
  }
}

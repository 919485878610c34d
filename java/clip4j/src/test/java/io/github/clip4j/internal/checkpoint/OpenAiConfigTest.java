package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the shapes of ViT-L/14 at 336 pixels say; its sizes are those of OpenAI's model card. */
class OpenAiConfigTest {
  private static final Path FILE = Path.of("ViT-L-14-336px.pt");
  private final List<Tensor> tensors = new ArrayList<>();

  @BeforeEach
  void addTensors() {
    add("input_resolution");
    add("context_length");
    add("vocab_size");
    add("visual.conv1.weight", 1024, 3, 14, 14);
    add("visual.positional_embedding", 577, 1024);
    add("visual.proj", 1024, 768);
    add("positional_embedding", 77, 768);
    add("text_projection", 768, 768);
    add("token_embedding.weight", 49408, 768);
    add("ln_final.weight", 768);
    for (int i = 0; i < 24; i++) {
      add("visual.transformer.resblocks." + i + ".attn.in_proj_weight", 3072, 1024);
    }
    for (int i = 0; i < 12; i++) {
      add("transformer.resblocks." + i + ".attn.in_proj_weight", 2304, 768);
    }
  }

  private void add(String name, long... shape) {
    tensors.add(new Tensor(name, "F16", shape, 0, false));
  }

  private void replace(String name, long... shape) {
    tensors.removeIf(tensor -> tensor.name().equals(name));
    add(name, shape);
  }

  private void assertFails(Kind kind, String words) {
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> OpenAi.describe(FILE, tensors));
    assertEquals(kind, failure.kind());
    assertTrue(failure.getMessage().startsWith(FILE + ": "), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  @Test
  void sizes() {
    ModelDescription model = OpenAi.describe(FILE, tensors);
    ClipConfig config = model.config();
    assertEquals(new ClipConfig.Tower(1024, 4096, 24, 16, 0, 1e-5f), config.image().tower());
    assertEquals(new ClipConfig.Tower(768, 3072, 12, 12, 0, 1e-5f), config.text().tower());
    assertEquals(336, config.image().size());
    assertEquals(14, config.image().patchSize());
    assertEquals(49408, config.text().vocabularySize());
    assertEquals(77, config.text().maxPositions());
    assertEquals(768, config.projectionDim());
    assertEquals(336, model.preprocessor().cropHeight());
  }

  @Test
  void aResNet() {
    tensors.removeIf(tensor -> tensor.name().startsWith("visual."));
    add("visual.layer1.0.conv1.weight", 64, 64, 1, 1);
    assertFails(Kind.UNSUPPORTED, "vision tower is no transformer");
  }

  @Test
  void shapesThatCannotBe() {
    replace("visual.conv1.weight", 1024);
    assertFails(Kind.CORRUPT, "visual.conv1.weight");
    replace("visual.conv1.weight", 1024, 3, 14, 1L << 40);
    assertFails(Kind.CORRUPT, "visual.conv1.weight");
    replace("visual.conv1.weight", 1024, 3, 14, 0);
    assertFails(Kind.CORRUPT, "visual.conv1.weight");
  }

  @Test
  void aTensorWithoutAPlace() {
    add("visual.extra", 1);
    assertFails(Kind.UNSUPPORTED, "visual.extra");
  }
}

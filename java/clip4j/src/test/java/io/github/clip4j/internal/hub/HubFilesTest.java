package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which of a model's files are fetched. */
class HubFilesTest extends HubModels {
  @Test
  void aVocabularyStandsInForTokenizerJson() throws IOException {
    server.files.remove("tokenizer.json");
    Set<String> names = names(open("org/tiny"));
    assertTrue(names.containsAll(Set.of("vocab.json", "merges.txt")), names.toString());
  }

  @Test
  void piecesStandInForBoth() throws IOException {
    server.files.keySet().removeAll(Set.of("tokenizer.json", "vocab.json", "merges.txt"));
    assertFails("org/tiny", Kind.UNSUPPORTED, "spiece.model");
    server.files.put("spiece.model", new byte[] {1});
    assertTrue(names(open("org/tiny")).contains("spiece.model"));
  }

  @Test
  void wordsStandInForAllThree() throws IOException {
    server.files.keySet().removeAll(Set.of("tokenizer.json", "vocab.json", "merges.txt"));
    assertFails("org/tiny", Kind.UNSUPPORTED, "vocab.txt");
    server.files.put("vocab.txt", new byte[] {1});
    assertTrue(names(open("org/tiny")).contains("vocab.txt"));
  }

  @Test
  void shards() throws IOException {
    byte[] weights = server.files.remove(WEIGHTS);
    server.files.put("model.safetensors.index.json", new byte[] {'{', '}'});
    server.files.put("model-00001-of-00002.safetensors", Arrays.copyOf(weights, 1000));
    assertFails("org/tiny", Kind.UNSUPPORTED, "has no model-00002-of-00002.safetensors");
    server.files.put("model-00002-of-00002.safetensors", Arrays.copyOf(weights, 2000));
    assertEquals(6, names(open("org/tiny")).size());
  }

  @Test
  void weightsOfTorch() throws IOException {
    server.files.remove(WEIGHTS);
    Set<String> names = names(open("org/tiny"));
    assertTrue(names.contains("pytorch_model.bin") && names.size() == NEEDED.size(), "" + names);
  }

  @Test
  void theLayoutOfOpenClip() throws IOException {
    server.files.put("open_clip_config.json", new byte[] {'{', '}'});
    server.files.put("open_clip_model.safetensors", new byte[1000]);
    assertFalse(names(open("org/tiny")).contains("open_clip_model.safetensors"));
    server.commit = "f".repeat(40);
    server.files.remove("preprocessor_config.json"); // As timm keeps it, with weights of its own.
    assertEquals(
        Set.of(
            "config.json",
            "open_clip_config.json",
            "open_clip_model.safetensors",
            "tokenizer.json"),
        names(open("org/tiny")));
    server.files.remove("config.json");
    server.files.remove("open_clip_model.safetensors");
    server.commit = "e".repeat(40);
    assertFails("org/tiny@" + server.commit, Kind.UNSUPPORTED, "has no open_clip_model");
  }
}

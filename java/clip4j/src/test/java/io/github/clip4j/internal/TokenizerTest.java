package io.github.clip4j.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.clip4j.TinyModel;
import io.github.clip4j.Tokens;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  @TempDir Path temp;

  private static Tokenizer open(Path directory) {
    ModelFiles files = new ModelFiles(directory);
    return Tokenizer.open(files, ClipConfig.of(files.json("config.json")));
  }

  @Test
  void tokenizerJsonAndItsPartsAgree() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    String json = TokenizerJson.synthesize(new ModelFiles(directory));
    Files.writeString(directory.resolve("tokenizer.json"), json);
    Files.delete(directory.resolve("vocab.json"));
    try (Tokenizer parts = open(TinyModel.directory());
        Tokenizer whole = open(directory)) {
      for (String text : new String[] {"", "a photo of the cat", "\u00e9\u0000\ud83d\udc08"}) {
        assertEquals(parts.encode(text), whole.encode(text));
      }
    }
  }

  @Test
  void truncationAndPaddingOfTheFileAreIgnored() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(file, TokenizerJson.synthesize(new ModelFiles(directory)));
    TinyModel.edit(
        file,
        json -> {
          JsonObject truncation = new JsonObject();
          truncation.addProperty("direction", "Right");
          truncation.addProperty("max_length", 5);
          truncation.addProperty("strategy", "LongestFirst");
          truncation.addProperty("stride", 0);
          json.add("truncation", truncation);
        });
    try (Tokenizer tokenizer = open(directory)) {
      Tokens tokens = tokenizer.encode("the the the the the the");
      assertEquals(8, tokens.ids().length);
      assertFalse(tokens.truncated());
    }
  }

  @Test
  void theShorterLimitHolds() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Path config = directory.resolve("tokenizer_config.json");
    Files.writeString(config, "{\"model_max_length\":1000000000000000019884624838656}");
    try (Tokenizer tokenizer = open(directory)) {
      assertEquals(32, tokenizer.maxTokens());
    }
    Files.writeString(config, "{\"model_max_length\":4}");
    try (Tokenizer tokenizer = open(directory)) {
      Tokens tokens = tokenizer.encode("the the the the");
      assertTrue(tokens.truncated());
      assertArrayEquals(new int[] {527, tokens.ids()[1], tokens.ids()[1], 528}, tokens.ids());
    }
    Files.writeString(config, "{\"model_max_length\":1}");
    assertThrows(Clip4jException.class, () -> open(directory));
  }

  @Test
  void flagsOfSpecialTokens() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    int[] spelled;
    try (Tokenizer tokenizer = open(directory)) {
      spelled = tokenizer.encode("<|ENDOFTEXT|>").ids();
    }
    assertTrue(spelled.length > 3, "upper case is no special token unless normalized");
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\":{\"528\":{\"content\":\"<|endoftext|>\",\"normalized\":true}}}");
    try (Tokenizer tokenizer = open(directory)) {
      assertArrayEquals(new int[] {527, 528, 528}, tokenizer.encode("<|ENDOFTEXT|>").ids());
    }
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"pad_token\":\"!\"}");
    try (Tokenizer tokenizer = open(directory)) {
      assertArrayEquals(new int[] {527, 0, 528}, tokenizer.encode("!").ids());
    }
  }

  @Test
  void filesThatAreNoTokenizer() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Files.writeString(directory.resolve("merges.txt"), "#version: 0.2\nno-such tokens-here\n");
    assertThrows(Clip4jException.class, () -> open(directory));
    Files.writeString(directory.resolve("merges.txt"), "one\n");
    assertThrows(Clip4jException.class, () -> open(directory));
    Files.writeString(directory.resolve("vocab.json"), "{\"a\":0}");
    assertThrows(Clip4jException.class, () -> open(directory));
    Files.writeString(directory.resolve("vocab.json"), "{\"<|startoftext|>\":\"x\"}");
    assertThrows(Clip4jException.class, () -> open(directory));
  }
}

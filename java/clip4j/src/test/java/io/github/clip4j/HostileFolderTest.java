package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever a model's small files hold: a model that embeds or one named error, soon, and the JVM
 * goes on. -Dclip4j.mutations=100000 tries more than the usual 20,000.
 */
class HostileFolderTest {
  private static final int MUTATIONS = Integer.getInteger("clip4j.mutations", 20_000) / 40;
  private static final long MOST_NANOSECONDS = 1_000_000_000;
  private static final Path RESOURCES = TinyModel.directory().getParent();

  /** What somebody may write where something else belongs. */
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "{}",
          "[]",
          "[[]]",
          "[0]",
          "[1,1]",
          "[1,1,1]",
          "0",
          "-1",
          "1",
          "7",
          "65536",
          "2147483647",
          "2147483648",
          "-9223372036854775808",
          "1e9",
          "1e99999",
          "1e-99999",
          "1e2147483647",
          "9".repeat(1_000_000),
          "0.5",
          "-0.0",
          "1e308",
          "\"\"",
          "\"a\"",
          "\"clip\"",
          "\"siglip\"",
          "\"gelu\"",
          "\"</s>\"",
          "\"../x\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"(a*)*$\"",
          "\"Sequence\"",
          "\"Replace\"",
          "\"BPE\"",
          "\"Unigram\"",
          "{\"type\":\"NFC\"}",
          "{\"String\":\"\"}",
          "{\"Regex\":\"(a|a)*b\"}");

  @TempDir Path temp;

  /** The files beside a vocabulary, as they are published. */
  private static final Map<String, String> TOKENIZER =
      Map.of(
          "tokenizer_config.json",
          """
          {"added_tokens_decoder": {"528": {"content": "<|endoftext|>", "lstrip": false, \
          "normalized": false, "rstrip": false, "single_word": false, "special": true}}, \
          "bos_token": {"content": "<|startoftext|>", "lstrip": false, "normalized": true, \
          "rstrip": false, "single_word": false}, "model_max_length": 77}""",
          "special_tokens_map.json",
          """
          {"bos_token": "<|startoftext|>", "eos_token": {"content": "<|endoftext|>", \
          "lstrip": false, "normalized": true, "rstrip": false, "single_word": false}, \
          "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}""");

  /** A copy of a model, with its JSON files as they were. */
  private List<Path> copy(String model) throws IOException {
    copy(RESOURCES.resolve(model), ".*");
    if (model.equals("tiny-clip")) {
      for (Map.Entry<String, String> file : TOKENIZER.entrySet()) {
        Files.writeString(temp.resolve(file.getKey()), file.getValue());
      }
    }
    if (model.startsWith("tiny-open-clip")) {
      copy(TinyModel.directory(), ".*/(vocab.json|merges.txt)");
    }
    try (Stream<Path> files = Files.list(temp)) {
      return files
          .filter(file -> file.toString().endsWith(".json") && !file.endsWith("expected.json"))
          .sorted()
          .toList();
    }
  }

  private void copy(Path folder, String pattern) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(file -> file.toString().matches(pattern)).toList()) {
        Files.copy(file, temp.resolve(file.getFileName().toString()));
      }
    }
  }

  /** Whether the folder is a model; then it embeds. */
  private boolean opens(String what) {
    long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    boolean opened = false;
    try (ClipModel model = ClipModel.load(temp)) {
      opened = true;
      model.embedTexts(List.of("a photo of a cat", "</s> 1"), report -> {}).close();
      model.embedImages(TinyModel.picture()).close();
      model.info();
    } catch (Clip4jException e) {
      assertTrue(e.getMessage().contains(temp.toString()), what + e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), what + e.getMessage());
      assertTrue(e.getMessage().length() < 1000, what + e.getMessage());
    } catch (RuntimeException | Error e) {
      throw new AssertionError(what, e);
    }
    long taken = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start;
    assertTrue(taken < MOST_NANOSECONDS, what + " took " + taken + " ns");
    return opened;
  }

  /** Setters of all values in a tree. */
  private static void collect(JsonElement tree, List<Consumer<JsonElement>> setters) {
    if (tree instanceof JsonObject object) {
      for (Map.Entry<String, JsonElement> member : object.entrySet()) {
        setters.add(value -> object.add(member.getKey(), value));
        collect(member.getValue(), setters);
      }
    } else if (tree instanceof JsonArray array) {
      for (int i = 0; i < array.size(); i++) {
        int index = i;
        setters.add(value -> array.set(index, value));
        collect(array.get(i), setters);
      }
    }
  }

  /** A value becomes another, or goes. */
  private static String edited(String json, Random random) {
    JsonObject root = JsonParser.parseString(json).getAsJsonObject();
    List<Consumer<JsonElement>> setters = new ArrayList<>();
    collect(root, setters);
    // Half of them among the first: vocabularies are long, and not where the trouble is.
    int among = random.nextBoolean() ? setters.size() : Math.min(setters.size(), 60);
    String value = VALUES.get(random.nextInt(VALUES.size()));
    setters.get(random.nextInt(among)).accept(new JsonPrimitive("@value"));
    return root.toString().replace("\"@value\"", value);
  }

  private static byte[] cutOrChanged(byte[] original, Random random) {
    byte[] bytes = original.clone();
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-clip",
        "tiny-siglip/pieces",
        "tiny-siglip/unigram",
        "tiny-siglip/gemma",
        "tiny-open-clip/squash"
      })
  void changedJson(String model) throws IOException {
    List<Path> files = copy(model);
    assertTrue(opens(model));
    int opened = 0;
    for (int seed = 0; seed < MUTATIONS; seed++) {
      Random random = new Random(seed);
      Path file = files.get(seed % files.size());
      byte[] original = Files.readAllBytes(file);
      byte[] changed =
          random.nextInt(4) == 0
              ? cutOrChanged(original, random)
              : edited(new String(original, StandardCharsets.UTF_8), random)
                  .getBytes(StandardCharsets.UTF_8);
      Files.write(file, changed);
      opened += opens(model + ", " + file.getFileName() + ", mutation " + seed + ": ") ? 1 : 0;
      Files.write(file, original);
    }
    assertTrue(opened > MUTATIONS / 20 && opened < MUTATIONS, opened + " opened");
  }
}

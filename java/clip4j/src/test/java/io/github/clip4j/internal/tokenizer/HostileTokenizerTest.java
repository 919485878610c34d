package io.github.clip4j.internal.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.TinyModel;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.Family;
import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever tokenizer files of SigLIP, BERT, XLM-R and RoBERTa hold: ids or one named error, soon,
 * and the JVM goes on. -Dclip4j.mutations=100000 tries more than the usual 20,000.
 */
class HostileTokenizerTest {
  private static final int MUTATIONS = Integer.getInteger("clip4j.mutations", 20_000) / 20;
  private static final long MOST_NANOSECONDS = 1_000_000_000;
  private static final String[] TEXTS = {
    "",
    "a photo of a cat",
    "caf\u00e9 cafe\u0301 \u00bd \ufb01ne \u0001\u0001a \uff21\u0000",
    "\u0001",
    "\u732b\ud83d\udc31\u200d\ud83d\udc64 </s> <unk> <0x41>",
    "e\u0301".repeat(500)
  };

  @TempDir Path temp;

  /** Of this thread, in nanoseconds: a busy machine makes everything take long. */
  private static long cpuTime() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private Path copy(String name) {
    Path siglip = TinyModel.resource("tiny-siglip").resolve(name);
    Path bert = TinyModel.resource("tiny-bert").resolve(name);
    return TinyModel.copy(Files.exists(siglip) ? siglip : bert, temp);
  }

  /** Whether the folder's tokenizer opens; then it encodes. */
  private boolean opens(ClipConfig config, String what) {
    long start = cpuTime();
    boolean opened = false;
    try (Tokenizer tokenizer = Tokenizer.open(new ModelFiles(temp), config)) {
      opened = true;
      for (String text : TEXTS) {
        int length = tokenizer.encode(text).ids().length;
        assertTrue(length <= config.text().maxPositions());
        assertTrue(config.family() != Family.SIGLIP || length == config.text().maxPositions());
      }
    } catch (Clip4jException e) {
      assertNotNull(e.kind(), what);
      assertTrue(e.getMessage().length() < 1000, e.getMessage());
    }
    assertTrue(cpuTime() - start < MOST_NANOSECONDS, what);
    return opened;
  }

  private ClipConfig config() {
    return ModelDescription.of(new ModelFiles(temp)).config();
  }

  private static byte[] mutated(byte[] original, Random random) {
    byte[] bytes = original.clone();
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes[at] = (byte) 0xFF;
        default -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
      }
    }
    return bytes;
  }

  @Test
  void mutatedPieces() throws IOException {
    Path file = copy("pieces").resolve("spiece.model");
    byte[] original = Files.readAllBytes(file);
    ClipConfig config = config();
    Random random = new Random(1);
    int opened = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Files.write(file, mutated(original, random));
      opened += opens(config, "mutation " + i) ? 1 : 0;
    }
    assertTrue(opened > MUTATIONS / 20 && opened < MUTATIONS, opened + " opened");
  }

  /** Those that pass are given to the library, which checks nothing. */
  @Test
  void mutatedCharsmaps() throws IOException {
    Path file = copy("unigram").resolve("tokenizer.json");
    ClipConfig config = config();
    Random random = new Random(2);
    AtomicInteger opened = new AtomicInteger();
    String original = Files.readString(file);
    for (int i = 0; i < MUTATIONS; i++) {
      Files.writeString(file, original);
      TinyModel.edit(
          file,
          json -> {
            JsonArray steps = json.getAsJsonObject("normalizer").getAsJsonArray("normalizers");
            JsonObject charsmap = steps.get(steps.size() - 2).getAsJsonObject();
            byte[] bytes =
                Base64.getDecoder().decode(charsmap.get("precompiled_charsmap").getAsString());
            charsmap.addProperty(
                "precompiled_charsmap", Base64.getEncoder().encodeToString(mutated(bytes, random)));
          });
      opened.addAndGet(opens(config, "mutation " + i) ? 1 : 0);
    }
    assertTrue(opened.get() > MUTATIONS / 20 && opened.get() < MUTATIONS, opened + " opened");
  }

  @ParameterizedTest
  @CsvSource({
    "words, vocab.txt",
    "json, tokenizer.json",
    "xlm-roberta, tokenizer.json",
    "roberta, tokenizer.json"
  })
  void mutatedFiles(String name, String vocabulary) throws IOException {
    Path file = copy(name).resolve(vocabulary);
    byte[] original = Files.readAllBytes(file);
    ClipConfig config = config();
    Random random = new Random(3);
    int opened = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Files.write(file, mutated(original, random));
      opened += opens(config, "mutation " + i) ? 1 : 0;
    }
    assertTrue(opened > 0 && opened < MUTATIONS, opened + " opened");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'continuing_subword_prefix':'##'",
        "'max_input_chars_per_word':100",
        "'continuing_subword_prefix':null,'max_input_chars_per_word':100",
        "'continuing_subword_prefix':'#################','max_input_chars_per_word':100",
        "'continuing_subword_prefix':'##','max_input_chars_per_word':1001",
        "'continuing_subword_prefix':'##','max_input_chars_per_word':-1",
        "'continuing_subword_prefix':'##','max_input_chars_per_word':1e3",
        "'continuing_subword_prefix':'##','max_input_chars_per_word':'100'",
      })
  void wordPiecesWithoutLimits(String fields) throws IOException {
    Path file = copy("json").resolve("tokenizer.json");
    String model = "{'type':'WordPiece','unk_token':'[UNK]','vocab':{'[UNK]':0}," + fields + "}";
    TinyModel.edit(file, json -> json.add("model", JsonParser.parseString(model)));
    ClipConfig config = config();
    Clip4jException failure =
        assertThrows(
            Clip4jException.class, () -> Tokenizer.open(new ModelFiles(temp), config).close());
    assertEquals(Kind.UNSUPPORTED, failure.kind(), failure.getMessage());
  }

  /** The token for what is unknown may be none, and ids may be any. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'a':0}",
        "{'[UNK]':4294967295,'[CLS]':3,'[SEP]':4}",
        "{'[UNK]':4294967296}",
        "{'[UNK]':-1}",
        "{'[UNK]':0,'':1,'##':2}",
        "['[UNK]']",
        "{}",
      })
  void wordPiecesThatMakeNoSense(String vocabulary) throws IOException {
    Path file = copy("json").resolve("tokenizer.json");
    TinyModel.edit(
        file,
        json -> json.getAsJsonObject("model").add("vocab", JsonParser.parseString(vocabulary)));
    opens(config(), vocabulary);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'Unigram','unk_id':9,'vocab':[]}",
        "{'type':'Unigram','unk_id':2,'vocab':[['a',0],['b',0]]}",
        "{'type':'Unigram','unk_id':-1,'vocab':[['a',0]]}",
        "{'type':'Unigram','unk_id':null,'vocab':[['a',0]]}",
        "{'type':'Unigram','vocab':[['a',0]]}",
        "{'type':'Unigram','unk_id':0.5,'vocab':[['a',0]]}",
        "{'type':'Unigram','unk_id':0,'vocab':[['',0]]}",
        "{'type':'Unigram','unk_id':0,'vocab':[['a',1e300]]}",
        "{'type':'Unigram','unk_id':0,'vocab':[['a','b']]}",
        "{'type':'Unigram','unk_id':0,'vocab':[['a']]}",
        "{'type':'Unigram','unk_id':0,'vocab':{'a':0}}",
      })
  void unigramModelsThatMakeNoSense(String model) throws IOException {
    Path file = copy("unigram").resolve("tokenizer.json");
    TinyModel.edit(file, json -> json.add("model", JsonParser.parseString(model)));
    TinyModel.edit(
        temp.resolve("tokenizer_config.json"), json -> json.addProperty("pad_token", "</s>"));
    ClipConfig config = config();
    Clip4jException failure =
        assertThrows(
            Clip4jException.class, () -> Tokenizer.open(new ModelFiles(temp), config).close());
    assertEquals(Kind.CORRUPT, failure.kind(), failure.getMessage());
  }

  @Test
  void paddingOutsideTheVocabulary() throws IOException {
    Path file = copy("unigram").resolve("tokenizer.json");
    TinyModel.edit(
        file,
        json -> json.getAsJsonArray("added_tokens").get(0).getAsJsonObject().addProperty("id", 50));
    ClipConfig config = config();
    Clip4jException failure =
        assertThrows(
            Clip4jException.class, () -> Tokenizer.open(new ModelFiles(temp), config).close());
    assertEquals(Kind.CORRUPT, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().contains("token id 50"), failure.getMessage());
  }

  @Test
  void aPieceThatIsLongerThanAnyText() throws IOException {
    Path file = copy("unigram").resolve("tokenizer.json");
    TinyModel.edit(
        file,
        json ->
            json.getAsJsonObject("model")
                .getAsJsonArray("vocab")
                .get(9)
                .getAsJsonArray()
                .set(0, new JsonPrimitive("a".repeat(100_000))));
    ClipConfig config = config();
    assertThrows(Clip4jException.class, () -> Tokenizer.open(new ModelFiles(temp), config).close());
  }

  /** Quadratic in nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"pieces", "unigram", "gemma", "words", "json", "xlm-roberta", "roberta"})
  void longTexts(String name) throws IOException {
    copy(name);
    try (Tokenizer tokenizer = Tokenizer.open(new ModelFiles(temp), config())) {
      for (String part :
          new String[] {"a", " ", "\u2581", "e\u0301", "the cat ", ".", "\u732b", "\u0130"}) {
        long start = cpuTime();
        tokenizer.encode(part.repeat(100_000));
        assertTrue(cpuTime() - start < 4 * MOST_NANOSECONDS, part);
      }
    }
  }
}

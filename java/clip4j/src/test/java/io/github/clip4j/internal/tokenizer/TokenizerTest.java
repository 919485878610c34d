package io.github.clip4j.internal.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.TinyModel;
import io.github.clip4j.Tokens;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
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
    String json = ClipTokenizerJson.synthesize(new ModelFiles(directory)).toString();
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
    Files.writeString(file, ClipTokenizerJson.synthesize(new ModelFiles(directory)).toString());
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
    for (String wrong : new String[] {"1", "4.5"}) {
      Files.writeString(config, "{\"model_max_length\":" + wrong + "}");
      assertThrows(Clip4jException.class, () -> open(directory));
    }
  }

  @Test
  void longTextsAreCutWhereTheTokenizerSays() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Path config = directory.resolve("tokenizer_config.json");
    String text = "the cat of a photo";
    int[] all;
    try (Tokenizer tokenizer = open(directory)) {
      all = tokenizer.encode(text).ids();
    }
    Files.writeString(config, "{\"model_max_length\":4,\"truncation_side\":\"left\"}");
    try (Tokenizer tokenizer = open(directory)) {
      Tokens tokens = tokenizer.encode(text);
      assertTrue(tokens.truncated());
      int last = all.length - 1;
      assertArrayEquals(new int[] {527, all[last - 2], all[last - 1], 528}, tokens.ids());
      assertNotEquals(all[1], tokens.ids()[1]);
    }
    Files.writeString(config, "{\"truncation_side\":\"middle\"}");
    String message = assertThrows(Clip4jException.class, () -> open(directory)).getMessage();
    assertTrue(message.contains("truncation_side"), message);
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(file, ClipTokenizerJson.synthesize(new ModelFiles(directory)).toString());
    TinyModel.edit(
        file, json -> json.add("truncation", JsonParser.parseString("{'direction':'Left'}")));
    Files.writeString(config, "{\"model_max_length\":4}");
    try (Tokenizer tokenizer = open(directory)) {
      assertEquals(all[all.length - 2], tokenizer.encode(text).ids()[2]);
    }
  }

  /** As a fine-tuned model's that got some. */
  @Test
  void tokensThatAConfigurationAdds() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Path config = directory.resolve("tokenizer_config.json");
    String added = "{\"added_tokens_decoder\":{\"%d\":{\"content\":\"<new>\",\"special\":true}}}";
    Files.writeString(config, added.formatted(529));
    TinyModel.edit(
        directory.resolve("config.json"),
        json -> json.getAsJsonObject("text_config").addProperty("vocab_size", 530));
    try (Tokenizer tokenizer = open(directory)) {
      int[] the = tokenizer.encode("the").ids();
      assertArrayEquals(new int[] {527, 529, the[1], 528}, tokenizer.encode("<new> the").ids());
    }
    Files.writeString(config, added.formatted(5));
    String message = assertThrows(Clip4jException.class, () -> open(directory)).getMessage();
    assertTrue(message.startsWith(config + ": added_tokens_decoder = "), message);
    assertTrue(message.endsWith(" must be 529 for <new>"), message);
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
  void flagsAreTrueOrFalse() throws IOException {
    Path directory = TinyModel.copyTo(temp);
    Path map = directory.resolve("special_tokens_map.json");
    String described = "{\"bos_token\":{\"content\":\"<|startoftext|>\",\"lstrip\":%s}}";
    int[] spaced;
    Files.writeString(map, described.formatted("null"));
    try (Tokenizer tokenizer = open(directory)) {
      spaced = tokenizer.encode("a <|startoftext|>").ids();
    }
    Files.writeString(map, described.formatted("true"));
    try (Tokenizer tokenizer = open(directory)) {
      assertArrayEquals(spaced, tokenizer.encode("a <|startoftext|>").ids());
    }
    Files.writeString(map, described.formatted("{}"));
    String message = assertThrows(Clip4jException.class, () -> open(directory)).getMessage();
    assertTrue(message.startsWith(map + ": bos_token: lstrip = {} must be true or"), message);
  }

  /** Each of these would end the JVM, or take all its time or memory. */
  @Test
  void partsThatTheLibraryDoesNotSurvive() throws IOException {
    refused("normalizer", "{'type':'Prepend','prepend':'x'}");
    String doubling = "{'type':'Replace','pattern':{'String':'a'},'content':'aa'}";
    refused("normalizer", "{'type':'Sequence','normalizers':[" + doubling + "]}");
    refused("normalizer", sequenceOf("{'type':'NFC'}", 9));
    for (String regex :
        new String[] {"", "(a+)+$", "(?=a)", "a*", "a?", "x{0,9}", "[[a]]", "[^]", "\\1"}) {
      refused("normalizer", replace(regex, "x"));
      refused("pre_tokenizer", split(regex));
    }
    refused("normalizer", replace("(".repeat(5000) + ")".repeat(5000), "x"));
    refused("pre_tokenizer", "{'type':'FixedLength','length':0}");
    String single = "[{'Sequence':{'id':'A','type_id':0}},{'SpecialToken':{'id':'?','type_id':0}}]";
    refused("post_processor", template(single, "{}"));
    refused("post_processor", template(single, "{'?':{'id':'?','ids':[1,2],'tokens':['?']}}"));
    String second = single.replace("'A'", "'B'");
    refused("post_processor", template(second, "{'?':{'id':'?','ids':[528],'tokens':['?']}}"));
    refused("model", "{'type':'BPE','continuing_subword_prefix':'##','vocab':{},'merges':[]}");
  }

  @Test
  void partsOfOtherTokenizers() throws IOException {
    String ends = "{'?':{'id':'?','ids':[528],'tokens':['?']}}";
    String single = "[{'Sequence':{'id':'A','type_id':0}},{'SpecialToken':{'id':'?','type_id':0}}]";
    with("post_processor", template(single, ends)).close();
    with("normalizer", replace("  +", " ")).close();
    with("normalizer", "null").close();
    with(
            "pre_tokenizer",
            "{'type':'Sequence','pretokenizers':[{'type':'Digits',"
                + "'individual_digits':true},{'type':'ByteLevel','add_prefix_space':false,"
                + "'trim_offsets':true,'use_regex':true}]}")
        .close();
    String gpt2 = "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    with("pre_tokenizer", split(gpt2)).close();
    with("pre_tokenizer", split("[!\"#$%'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]")).close();
  }

  private static String split(String regex) {
    return "{'type':'Split','pattern':{'Regex':%s},'behavior':'Isolated','invert':false}"
        .formatted(new JsonPrimitive(regex));
  }

  private static String replace(String regex, String content) {
    return "{'type':'Replace','pattern':{'Regex':%s},'content':'%s'}"
        .formatted(new JsonPrimitive(regex), content);
  }

  private static String sequenceOf(String part, int times) {
    return "{'type':'Sequence','normalizers':[%s]}"
        .formatted(String.join(",", Collections.nCopies(times, part)));
  }

  private static String template(String single, String special) {
    return "{'type':'TemplateProcessing','single':%s,'pair':[],'special_tokens':%s}"
        .formatted(single, special);
  }

  private void refused(String name, String part) throws IOException {
    Clip4jException e = assertThrows(Clip4jException.class, () -> with(name, part), part);
    assertEquals(Clip4jException.Kind.UNSUPPORTED, e.kind(), e.getMessage());
  }

  /** The tiny tokenizer with another part, written in JSON with single quotes. */
  private Tokenizer with(String name, String part) throws IOException {
    Path directory = TinyModel.copyTo(Files.createTempDirectory(temp, "model"));
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(file, ClipTokenizerJson.synthesize(new ModelFiles(directory)).toString());
    TinyModel.edit(file, json -> json.add(name, JsonParser.parseString(part)));
    return open(directory);
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

  @Test
  void saysWhyItsLibraryDoesNotLoad() {
    String unpacked = TokenizerLibrary.why("ai.djl.engine.EngineException: Unexpected flavor: cpu");
    assertTrue(unpacked.startsWith("it cannot be unpacked (it is unpacked to .djl.ai"), unpacked);
    String loaded =
        TokenizerLibrary.why("Native Library /x.so already loaded in another classloader");
    assertTrue(loaded.contains("where all class loaders find them"), loaded);
    String other = TokenizerLibrary.why("x.so: failed to map segment from shared object");
    assertTrue(other.startsWith("x.so: failed to map segment from shared object ("), other);
  }
}

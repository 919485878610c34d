package io.github.clip4j.internal;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tokenizer.json that transformers' CLIPTokenizer would write for a model that has only
 * vocab.json and merges.txt: NFC, white space to one space, lower case; CLIP's split; byte-level
 * BPE with {@code </w>}; begin and end tokens.
 */
final class TokenizerJson {
  private static final String SPLIT =
      "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

  private final Path vocabularyFile;
  private final JsonObject vocabulary;
  private final Optional<Json> config;
  private final Optional<Json> specialTokens;

  private TokenizerJson(ModelFiles files) {
    vocabularyFile = files.path("vocab.json");
    vocabulary = files.json("vocab.json").members();
    config = files.jsonIfPresent("tokenizer_config.json");
    specialTokens = files.jsonIfPresent("special_tokens_map.json");
  }

  static JsonObject synthesize(ModelFiles files) {
    return new TokenizerJson(files).build(files.text("merges.txt"));
  }

  private JsonObject build(String merges) {
    JsonObject begin = special("bos_token", "<|startoftext|>");
    JsonObject end = special("eos_token", "<|endoftext|>");
    JsonObject unknown = special("unk_token", "<|endoftext|>");
    // Where two roles share a token, the last one's flags hold, as in transformers.
    Map<JsonElement, JsonObject> added = new LinkedHashMap<>();
    for (JsonObject token : List.of(begin, end, unknown, special("pad_token", "<|endoftext|>"))) {
      added.put(token.get("id"), token);
    }
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    JsonArray tokens = new JsonArray();
    added.values().forEach(tokens::add);
    root.add("added_tokens", tokens);
    root.add(
        "normalizer",
        object(
            "type",
            "Sequence",
            "normalizers",
            array(
                object("type", "NFC"),
                object("type", "Replace", "pattern", object("Regex", "\\s+"), "content", " "),
                object("type", "Lowercase"))));
    JsonObject split = object("type", "Split", "pattern", object("Regex", SPLIT));
    split.addProperty("behavior", "Removed");
    split.addProperty("invert", true);
    root.add(
        "pre_tokenizer", object("type", "Sequence", "pretokenizers", array(split, byteLevel())));
    JsonObject ends = object("type", "RobertaProcessing", "sep", pair(end), "cls", pair(begin));
    ends.addProperty("trim_offsets", false);
    ends.addProperty("add_prefix_space", false);
    root.add("post_processor", ends);
    root.add("decoder", byteLevel());
    JsonObject model = object("type", "BPE", "unk_token", unknown.get("content"));
    model.addProperty("continuing_subword_prefix", "");
    model.addProperty("end_of_word_suffix", "</w>");
    model.addProperty("fuse_unk", false);
    model.add("vocab", vocabulary);
    model.add("merges", merges(merges));
    root.add("model", model);
    return root;
  }

  /** The first line names the version; a merge is two tokens and a space between. */
  private static JsonArray merges(String text) {
    JsonArray merges = new JsonArray();
    text.lines()
        .filter(line -> !line.startsWith("#version") && !line.isBlank())
        .forEach(merges::add);
    return merges;
  }

  /** A special token as the tokenizer's own files describe it, or as CLIP's defaults do. */
  private JsonObject special(String role, String fallback) {
    JsonElement described = described(role, config, specialTokens).orElse(null);
    String content = fallback;
    if (described != null) {
      content = content(described).orElse(fallback);
    }
    JsonObject token = new JsonObject();
    token.addProperty("id", id(role, content));
    token.addProperty("content", content);
    JsonObject flags = flags(content, described);
    for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
      token.addProperty(flag, flags.has(flag) && flags.get(flag).getAsBoolean());
    }
    token.addProperty("special", true);
    return token;
  }

  /** What the first of two files that says something of a special token's role says. */
  static Optional<JsonElement> described(
      String role, Optional<Json> config, Optional<Json> specialTokens) {
    return config
        .flatMap(json -> json.element(role))
        .or(() -> specialTokens.flatMap(json -> json.element(role)));
  }

  /** A special token's text, from the text alone or what describes it. */
  static Optional<String> content(JsonElement token) {
    JsonElement content = token instanceof JsonObject object ? object.get("content") : token;
    return content != null && content.isJsonPrimitive()
        ? Optional.of(content.getAsString())
        : Optional.empty();
  }

  /** tokenizer_config.json's added_tokens_decoder comes before the role's own description. */
  private JsonObject flags(String content, JsonElement described) {
    if (config.isPresent()) {
      Json decoder = config.get().object("added_tokens_decoder");
      for (JsonElement token : decoder.members().asMap().values()) {
        if (token.isJsonObject() && content(token).filter(content::equals).isPresent()) {
          return token.getAsJsonObject();
        }
      }
    }
    return described != null && described.isJsonObject()
        ? described.getAsJsonObject()
        : new JsonObject();
  }

  private int id(String role, String content) {
    JsonElement id = vocabulary.get(content);
    if (id == null || !id.isJsonPrimitive() || !id.getAsJsonPrimitive().isNumber()) {
      throw new Clip4jException(
          Kind.CORRUPT, vocabularyFile + " has no id for the " + role + " " + content);
    }
    return id.getAsInt();
  }

  private static JsonObject byteLevel() {
    JsonObject object = object("type", "ByteLevel");
    object.addProperty("add_prefix_space", false);
    object.addProperty("trim_offsets", true);
    object.addProperty("use_regex", true);
    return object;
  }

  private static JsonArray pair(JsonObject token) {
    return array(token.get("content"), token.get("id"));
  }

  private static JsonArray array(JsonElement... elements) {
    JsonArray array = new JsonArray();
    for (JsonElement element : elements) {
      array.add(element);
    }
    return array;
  }

  /** Names and their values, which are strings or JSON. */
  private static JsonObject object(Object... fields) {
    JsonObject object = new JsonObject();
    for (int i = 0; i < fields.length; i += 2) {
      Object value = fields[i + 1];
      object.add(
          (String) fields[i],
          value instanceof JsonElement json ? json : new JsonPrimitive((String) value));
    }
    return object;
  }
}

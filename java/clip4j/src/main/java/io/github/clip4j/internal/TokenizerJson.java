package io.github.clip4j.internal;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Optional;

/**
 * The tokenizer.json that transformers' CLIPTokenizer would write for a model that has only
 * vocab.json and merges.txt: NFC, white space to one space, lower case; CLIP's split; byte-level
 * BPE with {@code </w>}; begin and end tokens.
 */
final class TokenizerJson {
  private static final String SPLIT =
      "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

  private TokenizerJson() {}

  static JsonObject synthesize(ModelFiles files) {
    JsonObject vocabulary = files.json("vocab.json").members();
    SpecialTokens special = new SpecialTokens(files, "vocab.json", vocabulary);
    JsonObject begin = special.token("bos_token", "<|startoftext|>");
    JsonObject end = special.token("eos_token", "<|endoftext|>");
    JsonObject unknown = special.token("unk_token", "<|endoftext|>");
    JsonObject padding = special.token("pad_token", "<|endoftext|>");
    JsonObject root = object("version", "1.0");
    root.add("added_tokens", SpecialTokens.added(begin, end, unknown, padding));
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
    model.add("merges", merges(files.text("merges.txt")));
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

  static JsonArray array(JsonElement... elements) {
    JsonArray array = new JsonArray();
    for (JsonElement element : elements) {
      array.add(element);
    }
    return array;
  }

  /** Names and their values, which are strings or JSON. */
  static JsonObject object(Object... fields) {
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

package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.files.Json;
import java.util.Optional;

/**
 * The tokenizer.json that transformers' BertTokenizer would write for a model that has only
 * vocab.txt: BERT's cleaning, lower case unless it is told otherwise, Chinese characters apart,
 * WordPiece; begin and end tokens.
 */
public final class BertTokenizerJson {
  public static final String VOCABULARY = "vocab.txt";

  /** Those of a tokenizer_config.json that mean this tokenizer, as saying none does. */
  private static final String CLASSES = "(BertTokenizer(Fast)?)?";

  private BertTokenizerJson() {}

  static JsonObject synthesize(ModelFiles files) {
    JsonObject vocabulary = vocabulary(files.text(VOCABULARY));
    SpecialTokens special = new SpecialTokens(files, VOCABULARY, vocabulary);
    JsonObject begin = special.token("cls_token", "[CLS]");
    JsonObject end = special.token("sep_token", "[SEP]");
    JsonObject unknown = special.token("unk_token", "[UNK]");
    JsonObject root = TokenizerJson.object("version", "1.0");
    root.add(
        "added_tokens",
        special.added(
            special.token("pad_token", "[PAD]"),
            unknown,
            begin,
            end,
            special.token("mask_token", "[MASK]")));
    root.add("normalizer", normalizer(files.jsonIfPresent(TokenizerSource.CONFIG)));
    root.add("pre_tokenizer", TokenizerJson.object("type", "BertPreTokenizer"));
    root.add("post_processor", template(begin, end));
    JsonObject model =
        TokenizerJson.object(
            "type",
            "WordPiece",
            "unk_token",
            unknown.get("content"),
            "continuing_subword_prefix",
            "##",
            "max_input_chars_per_word",
            new JsonPrimitive(100),
            "vocab",
            vocabulary);
    root.add("model", model);
    return root;
  }

  /** A line is a token, its number the id; of equal ones the last counts. */
  private static JsonObject vocabulary(String text) {
    JsonObject vocabulary = new JsonObject();
    int id = 0;
    for (String line : text.replaceFirst("^\ufeff", "").split("\n")) {
      vocabulary.addProperty(line.replaceFirst("[\\s\\p{Z}\\x85]+$", ""), id++);
    }
    return vocabulary;
  }

  private static JsonObject normalizer(Optional<Json> config) {
    JsonObject normalizer = TokenizerJson.object("type", "BertNormalizer");
    normalizer.addProperty("clean_text", true);
    normalizer.addProperty("handle_chinese_chars", flag(config, "tokenize_chinese_chars"));
    normalizer.addProperty("lowercase", flag(config, "do_lower_case"));
    // Where nobody says it, accents go where capitals go.
    boolean said = config.filter(json -> json.has("strip_accents")).isPresent();
    normalizer.add(
        "strip_accents",
        said ? new JsonPrimitive(flag(config, "strip_accents")) : JsonNull.INSTANCE);
    return normalizer;
  }

  /**
   * A tokenizer.json as transformers' BertTokenizer reads it, which asks its configuration alone
   * what becomes of capitals, accents and Chinese characters.
   */
  static JsonObject configured(JsonObject json, Optional<Json> config) {
    if (!config.map(said -> said.string("tokenizer_class", "")).orElse("").matches(CLASSES)) {
      return json;
    }
    JsonObject copy = new JsonObject();
    json.entrySet().forEach(entry -> copy.add(entry.getKey(), entry.getValue()));
    copy.add("normalizer", normalizer(config));
    return copy;
  }

  private static boolean flag(Optional<Json> config, String name) {
    return config.map(json -> json.flag(name, true)).orElse(true);
  }

  private static JsonObject template(JsonObject begin, JsonObject end) {
    JsonArray single = TokenizerJson.array(piece(begin), sequence("A"), piece(end));
    JsonArray pair = single.deepCopy();
    pair.add(sequence("B"));
    pair.add(piece(end));
    JsonObject special = new JsonObject();
    for (JsonObject token : new JsonObject[] {begin, end}) {
      JsonElement content = token.get("content");
      special.add(
          content.getAsString(),
          TokenizerJson.object(
              "id",
              content,
              "ids",
              TokenizerJson.array(token.get("id")),
              "tokens",
              TokenizerJson.array(content)));
    }
    return TokenizerJson.object(
        "type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
  }

  private static JsonObject piece(JsonObject token) {
    JsonObject piece = TokenizerJson.object("id", token.get("content"));
    piece.addProperty("type_id", 0);
    return TokenizerJson.object("SpecialToken", piece);
  }

  private static JsonObject sequence(String id) {
    JsonObject sequence = TokenizerJson.object("id", id);
    sequence.addProperty("type_id", 0);
    return TokenizerJson.object("Sequence", sequence);
  }
}

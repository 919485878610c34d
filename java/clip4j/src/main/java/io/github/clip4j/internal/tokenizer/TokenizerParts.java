package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lets those parts of a tokenizer.json through that the tokenizers of CLIP, SigLIP, BERT and XLM-R
 * are made of. The library that reads it ends the JVM over some that make no sense (a panic in Rust
 * does not become an exception), overflows its stack over others, or takes all time and memory
 * there is: so what is not known to be harmless is refused here.
 */
final class TokenizerParts {
  private static final int MOST_PARTS = 8;

  /** Each ASCII punctuation mark may have one, and then there are some others. */
  private static final int MOST_REPLACEMENTS = 40;

  private static final int MOST_PIECES = 16;

  /** Added tokens are looked up in a table that is built anew for each. */
  private static final int MOST_ADDED_TOKENS = 4096;

  private static final Set<String> NORMALIZERS =
      Set.of(
          "NFC",
          "NFD",
          "NFKC",
          "NFKD",
          "Nmt",
          "Lowercase",
          "Strip",
          "StripAccents",
          "BertNormalizer",
          "Precompiled",
          "Replace");
  private static final Set<String> PRE_TOKENIZERS =
      Set.of(
          "Split",
          "ByteLevel",
          "Whitespace",
          "WhitespaceSplit",
          "BertPreTokenizer",
          "Punctuation",
          "Digits",
          "Metaspace");
  private static final Set<String> POST_PROCESSORS =
      Set.of("TemplateProcessing", "RobertaProcessing", "BertProcessing", "ByteLevel");
  private static final Set<String> MODELS = Set.of("BPE", "WordPiece", "WordLevel", "Unigram");

  private final String source;

  private TokenizerParts(String source) {
    this.source = source;
  }

  /**
   * The same tokenizer without what encoding does not need.
   *
   * @param source what to call it in complaints
   * @throws Clip4jException UNSUPPORTED for a part that is not let through, CORRUPT for no JSON
   */
  static JsonObject checked(JsonObject json, String source) {
    return new TokenizerParts(source).check(json);
  }

  private JsonObject check(JsonObject root) {
    JsonObject checked = new JsonObject();
    for (String name : new String[] {"version", "added_tokens"}) {
      if (root.has(name)) {
        checked.add(name, root.get(name));
      }
    }
    if (root.get("added_tokens") instanceof JsonArray tokens && tokens.size() > MOST_ADDED_TOKENS) {
      throw unsupported("over " + MOST_ADDED_TOKENS + " added tokens");
    }
    for (JsonObject part : parts(root, "normalizer", "normalizers", NORMALIZERS)) {
      if (text(part, "type").equals("Replace")) {
        String pattern = pattern(part);
        if (text(part, "content").length() > pattern.length()) {
          throw unsupported("a normalizer that makes texts longer");
        }
      }
      if (text(part, "type").equals("Precompiled")) {
        charsmap(part);
      }
    }
    for (JsonObject part : parts(root, "pre_tokenizer", "pretokenizers", PRE_TOKENIZERS)) {
      if (text(part, "type").equals("Split")) {
        pattern(part);
      }
    }
    for (JsonObject part : parts(root, "post_processor", "processors", POST_PROCESSORS)) {
      if (text(part, "type").equals("TemplateProcessing")) {
        template(part);
      }
    }
    for (String name : new String[] {"normalizer", "pre_tokenizer", "post_processor"}) {
      checked.add(name, root.has(name) ? root.get(name) : JsonNull.INSTANCE);
    }
    checked.add("model", model(object(root.get("model"), "model")));
    return checked;
  }

  /** The parts of a kind, those inside sequences too. */
  private List<JsonObject> parts(JsonObject root, String name, String list, Set<String> types) {
    List<JsonObject> parts = new ArrayList<>();
    JsonElement part = root.get(name);
    if (part != null && !part.isJsonNull()) {
      collect(part, name, list, types, parts);
    }
    return parts;
  }

  private void collect(
      JsonElement element, String name, String list, Set<String> types, List<JsonObject> to) {
    JsonObject part = object(element, name);
    String type = text(part, "type");
    if (type.equals("Sequence")) {
      array(part, list).forEach(inner -> collect(inner, name, list, types, to));
    } else if (types.contains(type)) {
      to.add(part);
    } else {
      throw unsupported("the " + name + " \"" + type + "\"");
    }
    long replacements = to.stream().filter(p -> text(p, "type").equals("Replace")).count();
    if (replacements > MOST_REPLACEMENTS || to.size() - replacements > MOST_PARTS) {
      throw unsupported("a " + name + " of over " + MOST_PARTS + " parts");
    }
  }

  private void charsmap(JsonObject part) {
    try {
      Charsmap.of(Base64.getDecoder().decode(text(part, "precompiled_charsmap")));
    } catch (IllegalArgumentException e) {
      throw new Clip4jException(
          Kind.CORRUPT,
          source + ": the precompiled_charsmap in it makes no sense: " + e.getMessage());
    }
  }

  /** The shortest text that a part's pattern can match, or one as long. */
  private String pattern(JsonObject part) {
    JsonObject pattern = object(part.get("pattern"), "pattern");
    if (pattern.has("String") && !text(pattern, "String").isEmpty()) {
      return text(pattern, "String");
    }
    String regex = text(pattern, "Regex");
    if (!PlainRegex.isPlain(regex)) {
      throw unsupported("the pattern \"" + regex + "\"");
    }
    return " ";
  }

  /** The library looks special tokens up without asking whether they are there. */
  private void template(JsonObject part) {
    JsonObject special = object(part.get("special_tokens"), "special_tokens");
    for (Map.Entry<String, JsonElement> token : special.entrySet()) {
      JsonObject described = object(token.getValue(), "special token");
      int ids = array(described, "ids").size();
      if (ids < 1
          || ids > MOST_PIECES
          || ids != array(described, "tokens").size()
          || !text(described, "id").equals(token.getKey())) {
        throw unsupported("the special token \"" + token.getKey() + "\"");
      }
    }
    pieces(part, "single", special, "A");
    pieces(part, "pair", special, "AB");
  }

  private void pieces(JsonObject template, String name, JsonObject special, String sequences) {
    JsonArray pieces = array(template, name);
    int texts = 0;
    for (JsonElement element : pieces) {
      JsonObject piece = object(element, "piece of a template");
      if (piece.has("Sequence")) {
        String id = text(object(piece.get("Sequence"), "Sequence"), "id");
        texts += id.length() == 1 && sequences.contains(id) ? 1 : MOST_PIECES;
      } else if (!special.has(
          text(object(piece.get("SpecialToken"), "piece of a template"), "id"))) {
        texts = MOST_PIECES;
      }
    }
    if (texts > sequences.length() || pieces.size() > MOST_PIECES) {
      throw unsupported("the template \"" + name + "\"");
    }
  }

  private JsonObject model(JsonObject model) {
    String type = model.has("type") ? text(model, "type") : type(model);
    if (!MODELS.contains(type)) {
      throw unsupported("the model \"" + type + "\"");
    }
    model.addProperty("type", type);
    if (type.equals("BPE")) {
      if (model.has("continuing_subword_prefix")
          && !model.get("continuing_subword_prefix").isJsonNull()
          && !text(model, "continuing_subword_prefix").isEmpty()) {
        throw unsupported("a continuing_subword_prefix");
      }
      // It would make the ids of a text a matter of chance.
      model.add("dropout", JsonNull.INSTANCE);
    }
    if (type.equals("WordPiece") && !WordPiece.makesSense(model)) {
      throw unsupported("WordPiece without a short prefix and words of a limited length");
    }
    if (type.equals("Unigram") && !Unigram.makesSense(model)) {
      throw new Clip4jException(
          Kind.CORRUPT, source + ": its pieces are not texts with scores, one of them for unk_id");
    }
    return model;
  }

  /** Files from before 2021 do not say it. */
  private String type(JsonObject model) {
    if (model.has("merges")) {
      return "BPE";
    }
    if (model.has("unk_id") || model.get("vocab") instanceof JsonArray) {
      return "Unigram";
    }
    if (model.has("max_input_chars_per_word")) {
      return "WordPiece";
    }
    if (model.has("unk_token")) {
      return "WordLevel";
    }
    throw new Clip4jException(Kind.CORRUPT, source + ": its model has no type");
  }

  private JsonObject object(JsonElement element, String what) {
    if (element == null || !element.isJsonObject()) {
      throw new Clip4jException(Kind.CORRUPT, source + ": its " + what + " is no JSON object");
    }
    return element.getAsJsonObject();
  }

  private JsonArray array(JsonObject object, String name) {
    if (object.get(name) instanceof JsonArray array) {
      return array;
    }
    throw new Clip4jException(Kind.CORRUPT, source + ": its " + name + " is no list");
  }

  private String text(JsonObject object, String name) {
    JsonElement text = object.get(name);
    if (text == null || !text.isJsonPrimitive() || !text.getAsJsonPrimitive().isString()) {
      throw new Clip4jException(Kind.CORRUPT, source + ": a " + name + " in it is no text");
    }
    return text.getAsString();
  }

  private Clip4jException unsupported(String what) {
    return new Clip4jException(
        Kind.UNSUPPORTED,
        source
            + ": "
            + (what.length() <= 100 ? what : what.substring(0, 100) + "...\"")
            + " is not supported in a tokenizer");
  }
}

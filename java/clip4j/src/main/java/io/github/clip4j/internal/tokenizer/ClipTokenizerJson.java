package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.clip4j.internal.checkpoint.ModelFiles;

/**
 * The tokenizer.json that transformers' CLIPTokenizer would write for a model that has only
 * vocab.json and merges.txt: NFC, white space to one space, lower case; CLIP's split; byte-level
 * BPE with {@code </w>}; begin and end tokens.
 */
final class ClipTokenizerJson {
  private static final String SPLIT =
      "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

  private ClipTokenizerJson() {}

  static JsonObject synthesize(ModelFiles files) {
    JsonObject vocabulary = files.json("vocab.json").members();
    SpecialTokens special = new SpecialTokens(files, "vocab.json", vocabulary);
    JsonObject begin = special.token("bos_token", "<|startoftext|>");
    JsonObject end = special.token("eos_token", "<|endoftext|>");
    JsonObject unknown = special.token("unk_token", "<|endoftext|>");
    JsonObject padding = special.token("pad_token", "<|endoftext|>");
    JsonObject root = TokenizerJson.object("version", "1.0");
    root.add("added_tokens", special.added(begin, end, unknown, padding));
    root.add(
        "normalizer",
        TokenizerJson.object(
            "type",
            "Sequence",
            "normalizers",
            TokenizerJson.array(
                TokenizerJson.object("type", "NFC"),
                TokenizerJson.object(
                    "type",
                    "Replace",
                    "pattern",
                    TokenizerJson.object("Regex", "\\s+"),
                    "content",
                    " "),
                TokenizerJson.object("type", "Lowercase"))));
    JsonObject split =
        TokenizerJson.object("type", "Split", "pattern", TokenizerJson.object("Regex", SPLIT));
    split.addProperty("behavior", "Removed");
    split.addProperty("invert", true);
    root.add(
        "pre_tokenizer",
        TokenizerJson.object(
            "type", "Sequence", "pretokenizers", TokenizerJson.array(split, byteLevel())));
    JsonObject ends =
        TokenizerJson.object("type", "RobertaProcessing", "sep", pair(end), "cls", pair(begin));
    ends.addProperty("trim_offsets", false);
    ends.addProperty("add_prefix_space", false);
    root.add("post_processor", ends);
    root.add("decoder", byteLevel());
    JsonObject model = TokenizerJson.object("type", "BPE", "unk_token", unknown.get("content"));
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

  private static JsonObject byteLevel() {
    JsonObject object = TokenizerJson.object("type", "ByteLevel");
    object.addProperty("add_prefix_space", false);
    object.addProperty("trim_offsets", true);
    object.addProperty("use_regex", true);
    return object;
  }

  private static JsonArray pair(JsonObject token) {
    return TokenizerJson.array(token.get("content"), token.get("id"));
  }
}

package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/** What the tokenizer library takes for granted of a WordPiece model in a tokenizer.json. */
final class WordPiece {
  /** A word is cut at each place from its end on, again and again. BERT's are 100 at the most. */
  private static final int LONGEST_WORD = 1000;

  private static final int LONGEST_PREFIX = 16;

  private WordPiece() {}

  /** Whether words are of a limited length, and what is put before their parts too. */
  static boolean makesSense(JsonObject model) {
    return model.get("continuing_subword_prefix") instanceof JsonPrimitive prefix
        && prefix.isString()
        && prefix.getAsString().length() <= LONGEST_PREFIX
        && model.get("max_input_chars_per_word") instanceof JsonPrimitive longest
        && longest.isNumber()
        && longest.getAsString().matches("\\d{1,4}")
        && longest.getAsInt() <= LONGEST_WORD;
  }
}

package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/** What the tokenizer library takes for granted of a unigram model in a tokenizer.json. */
final class Unigram {
  /** SentencePiece's are 16 at the most; each place of a text is searched for all. */
  private static final int LONGEST_PIECE = 256;

  private static final double LARGEST_SCORE = 1e6;

  private Unigram() {}

  /** Whether it is a list of texts with scores, one of which stands for what is unknown. */
  static boolean makesSense(JsonObject model) {
    return model.get("vocab") instanceof JsonArray vocabulary
        && model.get("unk_id") instanceof JsonPrimitive unknown
        && unknown.isNumber()
        && unknown.getAsString().matches("\\d{1,9}")
        && unknown.getAsInt() < vocabulary.size()
        && vocabulary.asList().stream().allMatch(Unigram::isPiece);
  }

  private static boolean isPiece(JsonElement element) {
    return element instanceof JsonArray piece
        && piece.size() == 2
        && piece.get(0) instanceof JsonPrimitive text
        && text.isString()
        && !text.getAsString().isEmpty()
        && text.getAsString().length() <= LONGEST_PIECE
        && piece.get(1) instanceof JsonPrimitive score
        && score.isNumber()
        && Math.abs(score.getAsDouble()) <= LARGEST_SCORE;
  }
}

package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.BitSet;
import java.util.Map;
import java.util.function.Function;

/**
 * An encoder whose vocabulary says where words begin: with SentencePiece's way to write a space.
 * The tokenizer library takes a whole text for one word there.
 *
 * @param ids of a text
 * @param begins ids of pieces that begin a word
 * @param end frees what {@code ids} needs
 */
record SpacedPieces(Function<String, long[]> ids, BitSet begins, Runnable end)
    implements TokenizerSource.Encoder {
  /** More tokens than any vocabulary has. */
  private static final int MOST_IDS = 1 << 24;

  /** Of a tokenizer.json's model, from which the encoder was made. */
  static SpacedPieces of(TokenizerSource.Encoder encoder, JsonElement model) {
    BitSet begins = new BitSet();
    JsonElement vocabulary = model instanceof JsonObject object ? object.get("vocab") : null;
    if (vocabulary instanceof JsonObject ids) {
      for (Map.Entry<String, JsonElement> piece : ids.entrySet()) {
        if (begins(piece.getKey()) && piece.getValue() instanceof JsonPrimitive id) {
          set(begins, id.getAsLong());
        }
      }
    } else if (vocabulary instanceof JsonArray pieces) {
      for (int id = 0; id < pieces.size(); id++) {
        if (begins(pieces.get(id).getAsJsonArray().get(0).getAsString())) {
          set(begins, id);
        }
      }
    }
    return new SpacedPieces(encoder::encode, begins, encoder::close);
  }

  private static void set(BitSet ids, long id) {
    if (id >= 0 && id < MOST_IDS) {
      ids.set((int) id);
    }
  }

  static boolean begins(String piece) {
    return piece.startsWith(SentencePiece.SPACE);
  }

  @Override
  public long[] encode(String text) {
    return ids.apply(text);
  }

  @Override
  public long[] words(String text) {
    long[] words = encode(text);
    long word = 0;
    for (int i = 0; i < words.length; i++) {
      words[i] = words[i] < MOST_IDS && begins.get((int) words[i]) ? ++word : word;
    }
    return words;
  }

  @Override
  public void close() {
    end.run();
  }
}

package io.github.clip4j.internal;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A model's tokenizer as its files describe it.
 *
 * @param name of the files, for complaints
 * @param json what tokenizer.json says or would say
 * @param prepare what happens to a text before
 * @param padding of what models read that were trained with it
 */
record TokenizerSource(
    String name, JsonObject json, UnaryOperator<String> prepare, Optional<Padding> padding) {

  /**
   * Tokens that fill a text up.
   *
   * @param left whether they come first
   */
  record Padding(int id, boolean left) {
    int[] pad(int[] ids, int length) {
      int[] padded = new int[length];
      Arrays.fill(padded, id);
      System.arraycopy(ids, 0, padded, left ? length - ids.length : 0, ids.length);
      return padded;
    }
  }

  static TokenizerSource of(ModelFiles files, ClipConfig.Family family) {
    if (family == ClipConfig.Family.SIGLIP) {
      return SiglipTokenizer.source(files);
    }
    return files.has("vocab.json") && files.has("merges.txt") && !files.has("tokenizer.json")
        ? ofParts(files)
        : ofFile(files, "tokenizer.json, and not both vocab.json and merges.txt");
  }

  private static TokenizerSource ofParts(ModelFiles files) {
    String name = files.path("vocab.json") + " with merges.txt";
    return plain(name, TokenizerJson.synthesize(files));
  }

  /** Of a tokenizer.json; {@code alternatives} are what may be there as well. */
  static TokenizerSource ofFile(ModelFiles files, String alternatives) {
    if (!files.has("tokenizer.json")) {
      throw new Clip4jException(Kind.MISSING, files.directory() + " has no " + alternatives);
    }
    return plain(files.path("tokenizer.json").toString(), files.json("tokenizer.json").members());
  }

  private static TokenizerSource plain(String name, JsonObject json) {
    return new TokenizerSource(name, json, UnaryOperator.identity(), Optional.empty());
  }
}

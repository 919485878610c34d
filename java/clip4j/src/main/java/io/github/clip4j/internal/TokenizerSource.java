package io.github.clip4j.internal;

import com.google.gson.JsonObject;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.Arrays;
import java.util.Optional;

/**
 * A model's tokenizer as its files describe it.
 *
 * @param name of the files, for complaints
 * @param encoder what they describe; whoever has the source closes it
 * @param padding of what models read that were trained with it
 */
record TokenizerSource(String name, Encoder encoder, Optional<Padding> padding) {

  /** Texts to all their ids, begin and end included. Safe from any thread until closed. */
  interface Encoder extends AutoCloseable {
    long[] encode(String text);

    /** Which word each of these ids is part of. */
    long[] words(String text);

    @Override
    void close();
  }

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
    if (files.has("tokenizer.json")) {
      return of(
          files.path("tokenizer.json").toString(),
          files.json("tokenizer.json").members(),
          Optional.empty());
    }
    if (files.has("vocab.json") && files.has("merges.txt")) {
      String name = files.path("vocab.json") + " with merges.txt";
      return of(name, TokenizerJson.synthesize(files), Optional.empty());
    }
    throw new Clip4jException(
        Kind.MISSING,
        files.directory()
            + " has no tokenizer.json, and not both vocab.json and merges.txt"
            + (files.archive().isPresent()
                ? " (those of openai/clip-vit-base-patch32 fit OpenAI's archives)"
                : ModelFiles.COPY_ALL));
  }

  /** Of what a tokenizer.json says. */
  static TokenizerSource of(String name, JsonObject json, Optional<Padding> padding) {
    return new TokenizerSource(
        name, TokenizerLibrary.open(TokenizerParts.checked(json, name).toString(), name), padding);
  }
}

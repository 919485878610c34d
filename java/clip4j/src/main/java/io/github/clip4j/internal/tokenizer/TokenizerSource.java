package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.internal.checkpoint.Family;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.checkpoint.Roberta;
import io.github.clip4j.internal.files.Json;
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
 * @param cutsBegin whether a long text loses its begin, where nobody says otherwise
 */
public record TokenizerSource(
    String name, Encoder encoder, Optional<Padding> padding, boolean cutsBegin) {

  public static final String JSON = "tokenizer.json";

  /** What transformers' class for the tokenizer is told. */
  static final String CONFIG = "tokenizer_config.json";

  /** Texts to all their ids, begin and end included. Safe from any thread until closed. */
  interface Encoder extends AutoCloseable {
    long[] encode(String text);

    /** Which word each of these ids is part of. */
    long[] words(String text);

    @Override
    void close();
  }

  /** What the model makes of padding. */
  sealed interface Padding {
    int id();

    /**
     * The ids to give to the model.
     *
     * @param ids of a text, not more than {@code length}
     * @param length that the model has room for
     */
    int[] pad(int[] ids, int length);
  }

  /** It sees none, and not even this token within a text. */
  record Masked(int id) implements Padding {
    @Override
    public int[] pad(int[] ids, int length) {
      return Arrays.stream(ids).filter(other -> other != id).toArray();
    }
  }

  /**
   * It reads these tokens, which fill a text up.
   *
   * @param left whether they come first
   */
  record Filling(int id, boolean left) implements Padding {
    @Override
    public int[] pad(int[] ids, int length) {
      int[] padded = new int[length];
      Arrays.fill(padded, id);
      System.arraycopy(ids, 0, padded, left ? length - ids.length : 0, ids.length);
      return padded;
    }
  }

  static TokenizerSource of(ModelFiles files, Family family) {
    if (family == Family.SIGLIP) {
      return SiglipTokenizer.source(files);
    }
    if (files.has(JSON)) {
      String name = files.path(JSON).toString();
      JsonObject json = files.json(JSON).members();
      return switch (family) {
        case ROBERTA ->
            of(name, json, Optional.of(new Masked(Roberta.PADDING_ID))).withCollapsedSpaces();
        case CHINESE_CLIP -> {
          Optional<Json> config = files.jsonIfPresent(CONFIG);
          yield of(name, BertTokenizerJson.configured(json, config), Optional.empty());
        }
        case CLIP, SIGLIP -> of(name, json, Optional.empty());
      };
    }
    String others =
        switch (family) {
          case CLIP -> ", and not both vocab.json and merges.txt";
          case CHINESE_CLIP -> " and no " + BertTokenizerJson.VOCABULARY;
          case ROBERTA, SIGLIP -> "";
        };
    if (family == Family.CLIP && files.has("vocab.json") && files.has("merges.txt")) {
      String name = files.path("vocab.json") + " with merges.txt";
      return of(name, ClipTokenizerJson.synthesize(files), Optional.empty());
    }
    if (family == Family.CHINESE_CLIP && files.has(BertTokenizerJson.VOCABULARY)) {
      String name = files.path(BertTokenizerJson.VOCABULARY).toString();
      return of(name, BertTokenizerJson.synthesize(files), Optional.empty());
    }
    throw new Clip4jException(
        Kind.MISSING,
        files.directory()
            + " has no tokenizer.json"
            + others
            + (files.archive().isPresent()
                ? " (those of openai/clip-vit-base-patch32 fit OpenAI's archives)"
                : ModelFiles.COPY_ALL));
  }

  /** As OpenCLIP cleans what it gives to Hugging Face's tokenizers. */
  private TokenizerSource withCollapsedSpaces() {
    Encoder collapsing =
        new Encoder() {
          @Override
          public long[] encode(String text) {
            return encoder.encode(PythonText.collapseSpaces(text));
          }

          @Override
          public long[] words(String text) {
            return encoder.words(PythonText.collapseSpaces(text));
          }

          @Override
          public void close() {
            encoder.close();
          }
        };
    return new TokenizerSource(name, collapsing, padding, cutsBegin);
  }

  /** Of what a tokenizer.json says. */
  static TokenizerSource of(String name, JsonObject json, Optional<Padding> padding) {
    boolean cutsBegin =
        json.get("truncation") instanceof JsonObject truncation
            && new JsonPrimitive("Left").equals(truncation.get("direction"));
    return new TokenizerSource(
        name,
        TokenizerLibrary.open(TokenizerParts.checked(json, name).toString(), name),
        padding,
        cutsBegin);
  }
}

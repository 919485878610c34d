package io.github.clip4j.internal;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.clip4j.Tokens;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Texts to token ids, begin and end included, cut to what the model takes. Safe from any thread
 * until closed.
 */
public final class Tokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final String source;
  private final int maxTokens;
  private final int vocabularySize;

  private Tokenizer(
      HuggingFaceTokenizer tokenizer, String source, int maxTokens, int vocabularySize) {
    this.tokenizer = tokenizer;
    this.source = source;
    this.maxTokens = maxTokens;
    this.vocabularySize = vocabularySize;
  }

  static Tokenizer open(ModelFiles files, ClipConfig config) {
    String json;
    String source;
    if (files.has("tokenizer.json")) {
      json = files.text("tokenizer.json");
      source = files.path("tokenizer.json").toString();
    } else if (files.has("vocab.json") && files.has("merges.txt")) {
      json = TokenizerJson.synthesize(files);
      source = files.path("vocab.json") + " with merges.txt";
    } else {
      throw new Clip4jException(
          Kind.MISSING,
          files.directory()
              + " has no tokenizer.json, and not both vocab.json and merges.txt"
              + (files.archive().isPresent()
                  ? " (those of openai/clip-vit-base-patch32 fit OpenAI's archives)"
                  : ""));
    }
    Tokenizer opened =
        new Tokenizer(
            TokenizerLibrary.open(TokenizerParts.checked(json, source), source),
            source,
            maxTokens(files, config.maxPositions()),
            config.vocabularySize());
    try {
      opened.checkEnd(config.endOfTextId());
    } catch (Throwable e) {
      opened.close();
      throw e;
    }
    return opened;
  }

  /** Without the end token there is no place where the model would read a text's embedding. */
  private void checkEnd(int endOfTextId) {
    Tokens empty = encode("");
    boolean ends = Arrays.stream(empty.ids()).anyMatch(id -> endOfTextId < 0 || id == endOfTextId);
    if (!ends || empty.truncated()) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%s makes %s of an empty text, config.json's end-of-text id is %d, the limit %d tokens"
              .formatted(source, Arrays.toString(empty.ids()), endOfTextId, maxTokens));
    }
  }

  /** The tokenizer may be stricter than the model; "no limit" is written as 1e30. */
  private static int maxTokens(ModelFiles files, int maxPositions) {
    float limit =
        files
            .jsonIfPresent("tokenizer_config.json")
            .map(config -> config.number("model_max_length", maxPositions))
            .orElse((float) maxPositions);
    return (int) Math.max(1, Math.min(limit, maxPositions));
  }

  /** The file, or files, that it was made of. */
  String source() {
    return source;
  }

  public int maxTokens() {
    return maxTokens;
  }

  /** Where too long, the end token stays. */
  public Tokens encode(String text) {
    long[] ids = ids(text);
    int length = Math.min(ids.length, maxTokens);
    int[] kept = new int[length];
    for (int i = 0; i < length; i++) {
      kept[i] = checked(i == length - 1 ? ids[ids.length - 1] : ids[i]);
    }
    return new Tokens(kept, ids.length > maxTokens);
  }

  /** A text as the parts that the model has room for, each with begin and end; none is cut. */
  public List<Tokens> parts(String text) {
    Tokens whole = encode(text);
    int ends = ids("").length; // begin and end, or end alone
    if (!whole.truncated() || ends >= maxTokens) {
      return List.of(whole);
    }
    long[] ids = ids(text);
    long[] words = TokenizerLibrary.words(tokenizer, text);
    long[] inner = Arrays.copyOfRange(words, ends - 1, words.length - 1);
    List<Tokens> parts = new ArrayList<>();
    int start = 0;
    for (int end : TextChunks.ends(inner, maxTokens - ends)) {
      int[] part = new int[end - start + ends];
      for (int i = 0; i < part.length - 1; i++) {
        part[i] = checked(i < ends - 1 ? ids[i] : ids[start + i]);
      }
      part[part.length - 1] = checked(ids[ids.length - 1]);
      parts.add(new Tokens(part, false));
      start = end;
    }
    return parts;
  }

  private long[] ids(String text) {
    checkPaired(text);
    try {
      return TokenizerLibrary.encode(tokenizer, text);
    } catch (RuntimeException e) {
      throw new Clip4jException(
          Kind.CORRUPT, source + " cannot encode the text: " + e.getMessage(), e);
    }
  }

  private int checked(long id) {
    if (id < 0 || id >= vocabularySize) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%s gives token id %d, the model's vocabulary has %d"
              .formatted(source, id, vocabularySize));
    }
    return (int) id;
  }

  /** The library would turn half of a surrogate pair into U+FFFD without a word. */
  private static void checkPaired(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new IllegalArgumentException(
            "text is not valid UTF-16: a lone surrogate \\u%04x at index %d".formatted((int) c, i));
      }
    }
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}

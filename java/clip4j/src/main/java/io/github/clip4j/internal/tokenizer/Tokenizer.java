package io.github.clip4j.internal.tokenizer;

import io.github.clip4j.Tokens;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.Family;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Texts to token ids, begin and end included, cut to what the model takes. Safe from any thread
 * until closed.
 */
public final class Tokenizer implements AutoCloseable {
  private final TokenizerSource source;
  private final int maxTokens;
  private final boolean cutsBegin;
  private final int vocabularySize;
  private final int beginTokens;
  private final int endTokens;

  private Tokenizer(
      TokenizerSource source, int maxTokens, Optional<Boolean> cutsBegin, int vocabularySize) {
    this.source = source;
    this.maxTokens = maxTokens;
    this.cutsBegin = cutsBegin.orElse(source.cutsBegin());
    this.vocabularySize = vocabularySize;
    try {
      source.padding().ifPresent(padding -> checked(padding.id()));
      long[] none = ids("");
      long[] some = ids("a");
      boolean ends =
          none.length > 0 && some.length > 0 && none[none.length - 1] == some[some.length - 1];
      endTokens = ends ? 1 : 0;
      int begin = Arrays.mismatch(none, some);
      beginTokens = Math.min(begin < 0 ? none.length : begin, none.length - endTokens);
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  public static Tokenizer open(ModelFiles files, ClipConfig config) {
    // Before there is something to close.
    int maxTokens = maxTokens(files, config.text().maxPositions());
    Optional<Boolean> cutsBegin = cutsBegin(files);
    Tokenizer opened =
        new Tokenizer(
            TokenizerSource.of(files, config.family()),
            maxTokens,
            cutsBegin,
            config.text().vocabularySize());
    try {
      opened.checkEnds(config);
    } catch (Throwable e) {
      opened.close();
      throw e;
    }
    return opened;
  }

  /** Without these tokens there is no place where the model would read a text's embedding. */
  private void checkEnds(ClipConfig config) {
    if (config.family() == Family.SIGLIP) {
      return;
    }
    Tokens empty = encode("");
    int end = config.text().endOfTextId();
    boolean byEnd = config.family() == Family.CLIP;
    boolean ends =
        byEnd
            ? Arrays.stream(empty.ids()).anyMatch(id -> end < 0 || id == end)
            : beginTokens == 1 && endTokens == 1;
    if (!ends || empty.truncated()) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%s makes %s of an empty text, %s, the limit %d tokens"
              .formatted(
                  source.name(),
                  Arrays.toString(empty.ids()),
                  byEnd
                      ? "config.json's end-of-text id is " + end
                      : "the model wants a token before a text and one behind it",
                  maxTokens));
    }
  }

  /** The tokenizer may be stricter than the model; "no limit" is written as 1e30. */
  private static int maxTokens(ModelFiles files, int maxPositions) {
    float limit =
        files
            .jsonIfPresent(TokenizerSource.CONFIG)
            .map(config -> maxLength(config, maxPositions))
            .orElse((float) maxPositions);
    return (int) Math.min(limit, maxPositions);
  }

  /** Whether a long text loses its begin; empty where the configuration does not say. */
  private static Optional<Boolean> cutsBegin(ModelFiles files) {
    Optional<Json> config = files.jsonIfPresent(TokenizerSource.CONFIG);
    return switch (config.map(json -> json.string("truncation_side", "")).orElse("")) {
      case "" -> Optional.empty();
      case "left" -> Optional.of(true);
      case "right" -> Optional.of(false);
      default -> throw config.orElseThrow().unsupported("truncation_side", "left, right");
    };
  }

  private static float maxLength(Json config, int maxPositions) {
    float length = config.number("model_max_length", maxPositions);
    if (length != Math.rint(length) || length < 2) {
      throw config.wrong("model_max_length", "a whole number above 1");
    }
    return length;
  }

  /** The file, or files, that it was made of. */
  public String source() {
    return source.name();
  }

  /** Longest text in tokens, begin and end included. */
  public int maxTokens() {
    return maxTokens;
  }

  /**
   * Where too long, the tokens of begin and end stay; where too short, padding is added if the
   * model reads it.
   */
  public Tokens encode(String text) {
    long[] ids = ids(text);
    int length = Math.min(ids.length, maxTokens);
    int[] kept = new int[length];
    for (int i = 0; i < length; i++) {
      boolean fromBegin = i < (cutsBegin ? beginTokens : length - endTokens);
      kept[i] = checked(fromBegin ? ids[i] : ids[ids.length - length + i]);
    }
    return new Tokens(padded(kept), ids.length > maxTokens);
  }

  /**
   * A text as the parts that the model has room for, each with begin, end and padding as a text of
   * its own; none is cut.
   */
  public List<Tokens> parts(String text) {
    Tokens whole = encode(text);
    int room = maxTokens - beginTokens - endTokens;
    if (!whole.truncated() || room < 1) {
      return List.of(whole);
    }
    long[] ids = ids(text);
    long[] inner = Arrays.copyOfRange(words(text), beginTokens, ids.length - endTokens);
    List<Tokens> parts = new ArrayList<>();
    int start = 0;
    for (int end : TextChunks.ends(inner, room)) {
      int[] part = new int[beginTokens + end - start + endTokens];
      for (int i = 0; i < part.length; i++) {
        boolean ends = i >= part.length - endTokens;
        int at = ends ? ids.length - part.length + i : i < beginTokens ? i : start + i;
        part[i] = checked(ids[at]);
      }
      parts.add(new Tokens(padded(part), false));
      start = end;
    }
    return parts;
  }

  private int[] padded(int[] ids) {
    return source.padding().map(padding -> padding.pad(ids, maxTokens)).orElse(ids);
  }

  private int checked(long id) {
    if (id < 0 || id >= vocabularySize) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%s gives token id %d, the model's vocabulary has %d"
              .formatted(source.name(), id, vocabularySize));
    }
    return (int) id;
  }

  private long[] ids(String text) {
    return encoded(text, source.encoder()::encode);
  }

  private long[] words(String text) {
    return encoded(text, source.encoder()::words);
  }

  private long[] encoded(String text, Function<String, long[]> encoder) {
    checkPaired(text);
    try {
      return encoder.apply(text);
    } catch (RuntimeException e) {
      throw new Clip4jException(
          Kind.CORRUPT, source.name() + " cannot encode the text: " + e.getMessage(), e);
    }
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
    source.encoder().close();
  }
}

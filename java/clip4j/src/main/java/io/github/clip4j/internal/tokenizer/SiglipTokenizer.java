package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.internal.tokenizer.TokenizerSource.Filling;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * How SigLIP reads texts: in lower case, padded to one length. SigLIP's own tokenizer is
 * SentencePiece's and leaves punctuation out, as transformers' SiglipTokenizer does; SigLIP 2 has
 * Gemma's.
 */
public final class SiglipTokenizer {
  public static final String PIECES = "spiece.model";
  private static final Pattern PUNCTUATION = Pattern.compile("\\p{Punct}+");

  private final ModelFiles files;
  private final Optional<Json> config;
  private final boolean gemma;

  private SiglipTokenizer(ModelFiles files) {
    this.files = files;
    config = files.jsonIfPresent(TokenizerSource.CONFIG);
    gemma =
        config
            .map(json -> json.string("tokenizer_class", ""))
            .filter(type -> type.matches("(Gemma|Siglip2)Tokenizer(Fast)?"))
            .isPresent();
  }

  static TokenizerSource source(ModelFiles files) {
    SiglipTokenizer siglip = new SiglipTokenizer(files);
    return files.has(PIECES) && !siglip.gemma ? siglip.ofPieces() : siglip.ofJson();
  }

  private TokenizerSource ofPieces() {
    SentencePiece model = SentencePiece.read(PIECES, files);
    String unknown = token("unk_token", "<unk>");
    String end = token("eos_token", "</s>");
    String pad = token("pad_token", "</s>");
    AddedTokens added =
        AddedTokens.of(
            config.orElseGet(() -> Json.parse(files.path(TokenizerSource.CONFIG).toString(), "{}")),
            List.of(unknown, end, pad),
            model::id);
    boolean lower = lower(true);
    // transformers puts this before each text, so that SentencePiece leaves its beginning alone,
    // and takes its pieces away again; they count in the sums by which SentencePiece chooses.
    String lead = " " + unknown;
    int leading = model.encode(lead).size();
    Function<String, List<Integer>> plain =
        text -> {
          List<Integer> ids = model.encode(lead + canonical(text, lower));
          return ids.size() < leading ? ids : ids.subList(leading, ids.size());
        };
    Function<String, long[]> encoder =
        text -> {
          String spaced = SentencePiece.SPACE + text.replace(SentencePiece.SPACE, " ");
          List<Integer> ids = added.encode(spaced, plain);
          if (ids.isEmpty() || ids.get(ids.size() - 1) != added.id(end)) {
            ids.add(added.id(end));
          }
          return ids.stream().mapToLong(id -> id).toArray();
        };
    Filling padding = new Filling(added.id(pad), left("right"));
    return new TokenizerSource(
        files.path(PIECES).toString(),
        new SpacedPieces(encoder, model.wordBegins(), () -> {}),
        Optional.of(padding),
        false);
  }

  /** transformers' canonicalize_text. */
  private static String canonical(String text, boolean lower) {
    String cased = lower ? PythonText.lowerCase(text) : text;
    return PythonText.collapseSpaces(PUNCTUATION.matcher(cased).replaceAll(""));
  }

  private TokenizerSource ofJson() {
    if (!files.has(TokenizerSource.JSON)) {
      throw new Clip4jException(
          Kind.MISSING,
          files.directory() + " has no tokenizer.json and no " + PIECES + ModelFiles.COPY_ALL);
    }
    String name = files.path(TokenizerSource.JSON).toString();
    JsonObject json = files.json(TokenizerSource.JSON).members();
    JsonElement stored = json.get("padding");
    Optional<JsonObject> padding =
        stored != null && stored.isJsonObject()
            ? Optional.of(stored.getAsJsonObject())
            : Optional.empty();
    String pad =
        padding
            .flatMap(object -> TokenizerJson.content(object.get("pad_token")))
            .orElse(gemma ? "<pad>" : "</s>");
    String side =
        padding
            .flatMap(object -> TokenizerJson.content(object.get("direction")))
            .orElse(gemma ? "left" : "right");
    if (lower(gemma)) {
      lowerCase(json);
    }
    int id = id(json, token("pad_token", pad), name);
    TokenizerSource source =
        TokenizerSource.of(name, json, Optional.of(new Filling(id, left(side))));
    return new TokenizerSource(
        name,
        SpacedPieces.of(source.encoder(), json.get("model")),
        source.padding(),
        source.cutsBegin());
  }

  /**
   * SigLIP 2 was trained on lower case with Gemma's tokenizer, which has no such step of its own;
   * transformers' Siglip2Tokenizer adds it too.
   */
  private static void lowerCase(JsonObject tokenizer) {
    JsonArray steps = TokenizerJson.array(TokenizerJson.object("type", "Lowercase"));
    JsonElement own = tokenizer.get("normalizer");
    if (own != null && !own.isJsonNull()) {
      steps.add(own);
    }
    tokenizer.add("normalizer", TokenizerJson.object("type", "Sequence", "normalizers", steps));
  }

  private boolean lower(boolean absent) {
    return config.map(json -> json.flag("do_lower_case", absent)).orElse(absent);
  }

  private boolean left(String absent) {
    String side = config.map(json -> json.string("padding_side", absent)).orElse(absent);
    return side.equalsIgnoreCase("left");
  }

  private String token(String role, String absent) {
    return TokenizerJson.described(role, config, files.jsonIfPresent("special_tokens_map.json"))
        .flatMap(TokenizerJson::content)
        .orElse(absent);
  }

  /** The id of a token that is added to the vocabulary or in it. */
  private static int id(JsonObject tokenizer, String token, String source) {
    if (tokenizer.get("added_tokens") instanceof JsonArray added) {
      for (JsonElement one : added) {
        if (one instanceof JsonObject object
            && TokenizerJson.content(object).filter(token::equals).isPresent()
            && isNumber(object.get("id"))) {
          return object.get("id").getAsInt();
        }
      }
    }
    if (tokenizer.get("model") instanceof JsonObject model) {
      if (model.get("vocab") instanceof JsonObject ids && isNumber(ids.get(token))) {
        return ids.get(token).getAsInt();
      }
      if (model.get("vocab") instanceof JsonArray pieces) {
        for (int id = 0; id < pieces.size(); id++) {
          if (pieces.get(id) instanceof JsonArray piece
              && piece.size() > 0
              && TokenizerJson.content(piece.get(0)).filter(token::equals).isPresent()) {
            return id;
          }
        }
      }
    }
    throw new Clip4jException(Kind.CORRUPT, source + " has no id for the pad_token " + token);
  }

  private static boolean isNumber(JsonElement element) {
    return element instanceof JsonPrimitive primitive && primitive.isNumber();
  }
}

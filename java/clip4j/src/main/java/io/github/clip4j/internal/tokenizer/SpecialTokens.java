package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The special tokens of a tokenizer that has a vocabulary and no tokenizer.json, as added_tokens of
 * one.
 */
final class SpecialTokens {
  private final Path vocabularyFile;
  private final JsonObject vocabulary;
  private final Optional<Json> config;
  private final Optional<Json> specialTokens;

  /**
   * Those of a model.
   *
   * @param vocabulary tokens and their ids, from the file of that name
   */
  SpecialTokens(ModelFiles files, String vocabularyFile, JsonObject vocabulary) {
    this.vocabularyFile = files.path(vocabularyFile);
    this.vocabulary = vocabulary;
    config = files.jsonIfPresent("tokenizer_config.json");
    specialTokens = files.jsonIfPresent("special_tokens_map.json");
  }

  /** Where two roles share a token, the last one's flags hold, as in transformers. */
  static JsonArray added(JsonObject... tokens) {
    Map<JsonElement, JsonObject> byId = new LinkedHashMap<>();
    for (JsonObject token : tokens) {
      byId.put(token.get("id"), token);
    }
    JsonArray added = new JsonArray();
    byId.values().forEach(added::add);
    return added;
  }

  /** A special token as the tokenizer's own files describe it, or {@code fallback}. */
  JsonObject token(String role, String fallback) {
    JsonElement described = TokenizerJson.described(role, config, specialTokens).orElse(null);
    String content = fallback;
    if (described != null) {
      content = TokenizerJson.content(described).orElse(fallback);
    }
    JsonObject token = new JsonObject();
    token.addProperty("id", id(role, content));
    token.addProperty("content", content);
    Optional<Json> flags = inDecoder(content).or(() -> role(role));
    for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
      token.addProperty(flag, flags.map(json -> json.flag(flag, false)).orElse(false));
    }
    token.addProperty("special", true);
    return token;
  }

  /** What tokenizer_config.json's added_tokens_decoder says, which comes before the role's own. */
  private Optional<Json> inDecoder(String content) {
    return config
        .map(json -> json.object("added_tokens_decoder"))
        .flatMap(
            decoder ->
                decoder.names().stream()
                    .filter(id -> isObject(decoder, id))
                    .map(decoder::object)
                    .filter(
                        token ->
                            TokenizerJson.content(token.members())
                                .filter(content::equals)
                                .isPresent())
                    .findFirst());
  }

  /** How the first file that says something of the role describes it. */
  private Optional<Json> role(String role) {
    return Stream.of(config, specialTokens)
        .flatMap(Optional::stream)
        .filter(json -> json.has(role))
        .findFirst()
        .filter(json -> isObject(json, role))
        .map(json -> json.object(role));
  }

  private static boolean isObject(Json json, String name) {
    return json.element(name).filter(JsonElement::isJsonObject).isPresent();
  }

  private int id(String role, String content) {
    JsonElement id = vocabulary.get(content);
    if (id == null || !id.isJsonPrimitive() || !id.getAsJsonPrimitive().isNumber()) {
      throw new Clip4jException(
          Kind.CORRUPT, vocabularyFile + " has no id for the " + role + " " + content);
    }
    return id.getAsInt();
  }
}

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
import java.util.TreeMap;
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
  private final Map<Integer, Json> decoder;

  /**
   * Those of a model.
   *
   * @param vocabulary tokens and their ids, from the file of that name
   */
  SpecialTokens(ModelFiles files, String vocabularyFile, JsonObject vocabulary) {
    this.vocabularyFile = files.path(vocabularyFile);
    this.vocabulary = vocabulary;
    config = files.jsonIfPresent(TokenizerSource.CONFIG);
    specialTokens = files.jsonIfPresent("special_tokens_map.json");
    decoder = config.map(AddedTokens::listed).orElse(Map.of());
  }

  /**
   * These, and what tokenizer_config.json's added_tokens_decoder has besides. Where two roles share
   * a token, the last one's flags hold, as in transformers.
   */
  JsonArray added(JsonObject... tokens) {
    Map<Integer, JsonObject> byId = new LinkedHashMap<>();
    for (JsonObject token : tokens) {
      byId.put(token.get("id").getAsInt(), token);
    }
    int next = vocabulary.size();
    for (Map.Entry<Integer, Json> listed : new TreeMap<>(decoder).entrySet()) {
      String content = listed.getValue().string("content", "");
      int id = vocabulary.has(content) ? id("added token", content) : next++;
      if (id != listed.getKey()) { // The library would give it this one.
        throw config.orElseThrow().wrong("added_tokens_decoder", id + " for " + content);
      }
      byId.computeIfAbsent(id, i -> token(i, content, Optional.of(listed.getValue())));
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
    return token(id(role, content), content, inDecoder(content).or(() -> role(role)));
  }

  private static JsonObject token(int id, String content, Optional<Json> flags) {
    JsonObject token = new JsonObject();
    token.addProperty("id", id);
    token.addProperty("content", content);
    for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
      token.addProperty(flag, flags.map(json -> json.flag(flag, false)).orElse(false));
    }
    // Whether it is special matters to decoding alone.
    token.addProperty("special", true);
    return token;
  }

  /** What tokenizer_config.json's added_tokens_decoder says, which comes before the role's own. */
  private Optional<Json> inDecoder(String content) {
    return decoder.values().stream()
        .filter(token -> token.string("content", "").equals(content))
        .findFirst();
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

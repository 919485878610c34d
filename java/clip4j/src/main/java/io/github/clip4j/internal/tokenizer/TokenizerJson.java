package io.github.clip4j.internal.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.internal.files.Json;
import java.util.Optional;

/** Reading and making what a tokenizer.json, and the files beside it, consist of. */
final class TokenizerJson {
  private TokenizerJson() {}

  /** What the first of two files that says something of a special token's role says. */
  static Optional<JsonElement> described(
      String role, Optional<Json> config, Optional<Json> specialTokens) {
    return config
        .flatMap(json -> json.element(role))
        .or(() -> specialTokens.flatMap(json -> json.element(role)));
  }

  /** A special token's text, from the text alone or what describes it. */
  static Optional<String> content(JsonElement token) {
    JsonElement content = token instanceof JsonObject object ? object.get("content") : token;
    return content != null && content.isJsonPrimitive()
        ? Optional.of(content.getAsString())
        : Optional.empty();
  }

  static JsonArray array(JsonElement... elements) {
    JsonArray array = new JsonArray();
    for (JsonElement element : elements) {
      array.add(element);
    }
    return array;
  }

  /** Names and their values, which are strings or JSON. */
  static JsonObject object(Object... fields) {
    JsonObject object = new JsonObject();
    for (int i = 0; i < fields.length; i += 2) {
      Object value = fields[i + 1];
      object.add(
          (String) fields[i],
          value instanceof JsonElement json ? json : new JsonPrimitive((String) value));
    }
    return object;
  }
}

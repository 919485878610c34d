package io.github.clip4j.cli;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonSerializer;
import java.util.Optional;

/** How JSON is written and read: names_like_this, nothing escaped that need not be. */
final class Json {
  static final Gson GSON =
      new GsonBuilder()
          .disableHtmlEscaping()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .registerTypeAdapter(
              Optional.class,
              (JsonSerializer<Optional<?>>)
                  (value, type, context) -> context.serialize(value.orElse(null)))
          .create();

  private Json() {}
}

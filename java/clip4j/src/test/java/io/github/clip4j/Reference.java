package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A model against what its reference implementation said, which a make.py wrote down. */
final class Reference {
  private static final float TOLERANCE = 1e-5f;

  private Reference() {}

  static JsonObject read(Path folder) {
    try {
      return JsonParser.parseString(Files.readString(folder.resolve("expected.json")))
          .getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Token ids are equal, and so are the rows of texts and pictures, nearly. */
  static void assertSame(JsonObject expected, ClipModel model) {
    List<String> texts = new ArrayList<>();
    for (JsonElement text : expected.getAsJsonArray("texts")) {
      String string = text.getAsJsonObject().get("text").getAsString();
      JsonArray ids = new JsonArray();
      for (int id : model.tokenize(string).ids()) {
        ids.add(id);
      }
      assertEquals(text.getAsJsonObject().getAsJsonArray("ids"), ids, string);
      texts.add(string);
    }
    try (Embeddings rows = model.embedTexts(texts, report -> {})) {
      assertSameRows(expected.getAsJsonArray("texts"), rows);
    }
    List<ImageSource> images = new ArrayList<>();
    for (JsonElement image : expected.getAsJsonArray("images")) {
      String file = image.getAsJsonObject().get("file").getAsString();
      images.add(ImageSource.of(TinyModel.file(file)));
    }
    try (Embeddings rows = model.embedImages(images).orThrow()) {
      assertSameRows(expected.getAsJsonArray("images"), rows);
    }
  }

  private static void assertSameRows(JsonArray expected, Embeddings rows) {
    for (int row = 0; row < expected.size(); row++) {
      JsonObject one = expected.get(row).getAsJsonObject();
      float[] unit = TinyModel.floats(one.getAsJsonArray("embedding"));
      assertArrayEquals(unit, rows.row(row), TOLERANCE, one.toString());
    }
    assertEquals(expected.size(), rows.rows());
  }
}

package io.github.clip4j.internal.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.internal.files.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddedTokensTest {
  @Test
  void theFirstAndOfThoseTheLongest() {
    Json config =
        Json.parse(
            "tokenizer_config.json",
            "{\"added_tokens_decoder\":{\"5\":{\"content\":\"<a>\"},"
                + "\"6\":{\"content\":\"<a><b>\"},\"7\":{\"content\":\"<b>\"}}}");
    AddedTokens added = AddedTokens.of(config, List.of("</s>"), token -> 1);
    // What lies between tokens is encoded as its length.
    assertEquals(
        List.of(100, 6, 200, 5, 0, 1, 300),
        added.encode("x<a><b>yy<a></s>zzz", between -> List.of(100 * between.length())));
  }
}

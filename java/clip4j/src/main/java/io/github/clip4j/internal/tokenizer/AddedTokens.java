package io.github.clip4j.internal.tokenizer;

import io.github.clip4j.internal.files.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tokens that stand for themselves where a text spells them out, as in transformers' tokenizers
 * that are written in Python: the first from the left, of those that begin there the longest. What
 * lies between them is encoded piece by piece.
 */
final class AddedTokens {
  /** Each place of a text is searched for all. */
  private static final int MOST = 256;

  private final Map<String, Integer> ids;
  private final Pattern any;

  private AddedTokens(Map<String, Integer> ids) {
    this.ids = ids;
    this.any =
        Pattern.compile(
            ids.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
  }

  /**
   * Those of a tokenizer_config.json, and special ones.
   *
   * @param special at least one; those that the file does not list are in the vocabulary
   */
  static AddedTokens of(Json config, Collection<String> special, ToIntFunction<String> vocabulary) {
    Map<String, Integer> ids = new HashMap<>();
    listed(config)
        .forEach(
            (id, token) -> {
              if (token.flag("single_word", false)) {
                throw token.unsupported("single_word", "false");
              }
              ids.put(token.string("content", ""), id);
            });
    for (String token : special) {
      ids.computeIfAbsent(token, vocabulary::applyAsInt);
    }
    if (ids.size() > MOST) {
      throw config.unsupported("added_tokens_decoder", "up to " + MOST + " tokens");
    }
    return new AddedTokens(ids);
  }

  /** The added_tokens_decoder of a tokenizer_config.json: tokens, each with its content, by id. */
  static Map<Integer, Json> listed(Json config) {
    Map<Integer, Json> tokens = new LinkedHashMap<>();
    Json listed = config.object("added_tokens_decoder");
    for (String id : listed.names()) {
      Json token = listed.object(id);
      if (!id.matches("\\d{1,9}") || token.string("content", "").isEmpty()) {
        throw config.wrong("added_tokens_decoder", "tokens by their ids");
      }
      tokens.put(Integer.parseInt(id), token);
    }
    return tokens;
  }

  /** The id of a token that is one of these. */
  int id(String token) {
    return ids.get(token);
  }

  /** Ids of a text. {@code plain} is for what lies between these tokens. */
  List<Integer> encode(String text, Function<String, List<Integer>> plain) {
    List<Integer> all = new ArrayList<>();
    Matcher token = any.matcher(text);
    int from = 0;
    while (token.find()) {
      all.addAll(plain.apply(text.substring(from, token.start())));
      all.add(id(token.group()));
      from = token.end();
    }
    all.addAll(plain.apply(text.substring(from)));
    return all;
  }
}

package io.github.clip4j.internal;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which of a repository's files make the model that {@link LoadedModel} loads. */
final class HubFiles {
  private static final Set<String> SETTINGS =
      Set.of(
          "config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "calibration.json");

  private static final List<String> VOCABULARY = List.of("vocab.json", "merges.txt");

  private static final String INDEX = "model.safetensors.index.json";
  private static final Pattern SHARD = Pattern.compile("model-\\d{5}-of-(\\d{5})\\.safetensors");

  /** Ways to hold the weights, best first; of the others nothing is fetched. */
  private static final List<Pattern> WEIGHTS =
      List.of(
          Pattern.compile("model\\.safetensors"),
          Pattern.compile(Pattern.quote(INDEX) + "|" + SHARD));

  private HubFiles() {}

  /** Those of the files that are needed. */
  static List<String> needed(Collection<String> files) {
    Stream<String> vocabulary =
        files.contains("tokenizer.json")
            ? Stream.empty()
            : VOCABULARY.stream().filter(files::contains);
    return Stream.of(files.stream().filter(SETTINGS::contains), vocabulary, weights(files))
        .flatMap(part -> part)
        .toList();
  }

  private static Stream<String> weights(Collection<String> files) {
    return WEIGHTS.stream()
        .map(way -> files.stream().filter(way.asMatchPredicate()).toList())
        .filter(found -> !found.isEmpty())
        .findFirst()
        .stream()
        .flatMap(List::stream);
  }

  /** What the files lack of a model; empty where they are one. */
  static Optional<String> missing(Collection<String> files) {
    if (!files.contains("config.json")) {
      return Optional.of("config.json");
    }
    if (!files.contains("preprocessor_config.json") && !files.contains("processor_config.json")) {
      return Optional.of("preprocessor_config.json");
    }
    if (!files.contains("tokenizer.json") && !files.containsAll(VOCABULARY)) {
      return Optional.of("tokenizer.json (or vocab.json and merges.txt)");
    }
    Set<String> weights = weights(files).collect(Collectors.toSet());
    if (weights.isEmpty()) {
      return Optional.of("model.safetensors (or " + INDEX + " and its files)");
    }
    return files.contains("model.safetensors") ? Optional.empty() : missingShard(weights);
  }

  private static Optional<String> missingShard(Set<String> weights) {
    if (!weights.contains(INDEX)) {
      return Optional.of(INDEX);
    }
    int count =
        weights.stream()
            .map(SHARD::matcher)
            .filter(Matcher::matches)
            .mapToInt(shard -> Integer.parseInt(shard.group(1)))
            .max()
            .orElse(1);
    return Stream.iterate(1, i -> i <= count, i -> i + 1)
        .map(i -> "model-%05d-of-%05d.safetensors".formatted(i, count))
        .filter(shard -> !weights.contains(shard))
        .findFirst();
  }
}

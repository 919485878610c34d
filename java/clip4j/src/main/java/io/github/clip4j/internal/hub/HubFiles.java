package io.github.clip4j.internal.hub;

import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.internal.checkpoint.OpenClip;
import io.github.clip4j.internal.tokenizer.BertTokenizerJson;
import io.github.clip4j.internal.tokenizer.SiglipTokenizer;
import io.github.clip4j.internal.tokenizer.TokenizerSource;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which of a repository's files make the model that {@link ModelDescription} reads. */
final class HubFiles {
  /** Small files that have a say wherever they are. */
  static final Set<String> SETTINGS =
      Set.of(
          ModelDescription.CONFIG,
          "preprocessor_config.json",
          "processor_config.json",
          OpenClip.CONFIG,
          TokenizerSource.JSON,
          "tokenizer_config.json",
          "special_tokens_map.json",
          "calibration.json",
          SiglipTokenizer.PIECES);

  /** Of each list all files together are a tokenizer. */
  private static final List<List<String>> VOCABULARIES =
      List.of(List.of("vocab.json", "merges.txt"), List.of(BertTokenizerJson.VOCABULARY));

  /**
   * A way to lay out a model.
   *
   * @param settings of each list one file must be there
   * @param weights their files' names, best first; each may be shards with an index as well
   */
  private record Layout(List<List<String>> settings, List<String> weights) {}

  private static final Layout HUGGING_FACE =
      new Layout(
          List.of(
              List.of(ModelDescription.CONFIG),
              List.of("preprocessor_config.json", "processor_config.json")),
          ModelDescription.WEIGHTS);

  private static final Layout OPEN_CLIP =
      new Layout(List.of(List.of(OpenClip.CONFIG)), OpenClip.WEIGHTS);

  private HubFiles() {}

  /** The layout that is complete, or the one that was meant. */
  private static Layout layout(Collection<String> files) {
    boolean openClip =
        missing(HUGGING_FACE, files).isPresent()
            && (missing(OPEN_CLIP, files).isEmpty() || !files.contains(ModelDescription.CONFIG))
            && files.contains(OpenClip.CONFIG);
    return openClip ? OPEN_CLIP : HUGGING_FACE;
  }

  /** Those of the files that are needed. */
  static List<String> needed(Collection<String> files) {
    Stream<String> vocabulary =
        files.contains(TokenizerSource.JSON)
            ? Stream.empty()
            : VOCABULARIES.stream().flatMap(Collection::stream);
    return Stream.of(SETTINGS.stream(), vocabulary, weights(layout(files), files).stream())
        .flatMap(names -> names)
        .filter(files::contains)
        .toList();
  }

  /** What the files lack of a model; empty where they are one. */
  static Optional<String> missing(Collection<String> files) {
    return missing(layout(files), files);
  }

  private static Optional<String> missing(Layout layout, Collection<String> files) {
    for (List<String> names : layout.settings()) {
      if (names.stream().noneMatch(files::contains)) {
        return Optional.of(names.get(0));
      }
    }
    if (!files.contains(TokenizerSource.JSON)
        && !files.contains(SiglipTokenizer.PIECES)
        && VOCABULARIES.stream().noneMatch(files::containsAll)) {
      return Optional.of(
          TokenizerSource.JSON + " (or vocab.json and merges.txt, vocab.txt, or spiece.model)");
    }
    List<String> weights = weights(layout, files);
    if (weights.isEmpty()) {
      return Optional.of(String.join(" or ", layout.weights()));
    }
    return weights.stream().filter(name -> !files.contains(name)).findFirst();
  }

  /** The best of the weights: a file, or an index and all shards, which may not be there. */
  private static List<String> weights(Layout layout, Collection<String> files) {
    for (String name : layout.weights()) {
      if (files.contains(name)) {
        return List.of(name);
      }
      if (files.contains(name + ".index.json")) {
        return Stream.concat(Stream.of(name + ".index.json"), shards(name, files)).toList();
      }
    }
    return List.of();
  }

  private static Stream<String> shards(String name, Collection<String> files) {
    int dot = name.lastIndexOf('.');
    String stem = name.substring(0, dot);
    String extension = name.substring(dot);
    Pattern shard =
        Pattern.compile(Pattern.quote(stem) + "-\\d{5}-of-(\\d{5})" + Pattern.quote(extension));
    int count =
        files.stream()
            .map(shard::matcher)
            .filter(Matcher::matches)
            .mapToInt(matcher -> Integer.parseInt(matcher.group(1)))
            .max()
            .orElse(1);
    return Stream.iterate(1, i -> i <= count, i -> i + 1)
        .map(i -> "%s-%05d-of-%05d%s".formatted(stem, i, count, extension));
  }
}

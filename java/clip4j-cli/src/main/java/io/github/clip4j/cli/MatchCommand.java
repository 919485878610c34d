package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Column;
import io.github.clip4j.ImageSource;
import io.github.clip4j.ImageTextMatcher;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Match;
import io.github.clip4j.Probability;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j match}: does this text go with this picture? */
@Command(
    name = "match",
    description = {
      "Say whether texts describe a picture.",
      "The probability is one of three. calibrated (default where the model has a calibration): fitted"
          + " on pairs known to match or not, or SigLIP's own. contrastive (default elsewhere): the text's share of a"
          + " softmax, with the model's own scale, over it and a set of neutral texts. reference: 0.5"
          + " (cosine + 1), as AutoMM has it, under which 0.5 is no threshold."
    },
    footer = {
      "",
      "Example:",
      "  clip4j match --image horse.png --text 'a horse' --text 'a boat' --json",
    })
final class MatchCommand extends Subcommand {
  @Option(
      names = "--image",
      paramLabel = "P",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "A picture file.")
  private String image;

  @Option(
      names = "--text",
      paramLabel = "T",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "A text (repeatable).")
  private List<String> texts;

  @Mixin private ModelOption model;

  @Mixin private PictureOptions pictures;

  @Option(
      names = "--threshold",
      paramLabel = "X",
      defaultValue = "0.5",
      description = "What the probability of a match must be above, 0 to 1; default 0.5.")
  private double threshold;

  enum Meaning {
    CALIBRATED,
    CONTRASTIVE,
    REFERENCE
  }

  @Option(
      names = "--probability",
      paramLabel = "R",
      description = "calibrated, contrastive or reference.")
  private Meaning probability;

  @Option(names = "--json", description = "Print [{image, text, cosine, probability, match}].")
  private boolean json;

  MatchCommand(Console console) {
    super(console);
  }

  private record Verdict(
      String image, String text, double cosine, double probability, boolean match) {}

  @Override
  public Integer call() {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new Failure("--threshold " + threshold, "is not 0 to 1", "give a probability").usage();
    }
    PictureFile picture = Pictures.single(image);
    List<Verdict> verdicts = new ArrayList<>();
    try (ClipModel loaded =
        model.load(LoadOptions.DEFAULT.withImages(pictures.images()), console)) {
      for (Match match : match(loaded, picture)) {
        verdicts.add(
            new Verdict(
                image,
                texts.get(match.pair()),
                match.cosine(),
                match.probability(),
                match.match()));
      }
    }
    model.sayWhatItKnows(console);
    if (json) {
      console.json(verdicts);
    } else {
      verdicts.forEach(
          v ->
              console.print(
                  "%-8s  probability %.4f  cosine %.4f  %s"
                      .formatted(
                          v.match() ? "match" : "no match",
                          v.probability(),
                          v.cosine(),
                          v.text())));
    }
    return ExitStatus.DONE;
  }

  private List<Match> match(ClipModel loaded, PictureFile picture) {
    List<ImageSource> images = Collections.nCopies(texts.size(), picture.source());
    try {
      ImageTextMatcher.Builder matcher =
          ImageTextMatcher.builder(loaded).query("image").response("text").threshold(threshold);
      if (probability != null) {
        matcher.probability(meaning(loaded));
      }
      return matcher
          .build()
          .match(Map.of("image", Column.images(images), "text", Column.texts(texts)))
          .orThrow();
    } catch (RuntimeException e) {
      throw Failure.of(image, e);
    }
  }

  private Probability meaning(ClipModel loaded) {
    return switch (probability) {
      case REFERENCE -> Probability.reference();
      case CONTRASTIVE -> Probability.contrastive();
      case CALIBRATED ->
          loaded
              .calibration()
              .orElseThrow(
                  () ->
                      new Failure(
                          "model " + loaded.name(),
                          "has no calibration.json and was not trained with a sigmoid",
                          "choose contrastive or reference"));
    };
  }
}

package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.ZeroShotClassifier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j classify}: which of some labels fits a picture? */
@Command(
    name = "classify",
    description = {
      "Say which of some labels fits each picture. Probabilities are a softmax over the labels, and"
          + " add up to 1 even where none fits; with SigLIP each label has one by itself."
    },
    footer = {
      "",
      "Example:",
      "  clip4j classify --images photos --label cat --label dog --template 'a photo of a {}'",
    })
final class ClassifyCommand extends Subcommand {
  @Option(
      names = "--images",
      paramLabel = "P...",
      parameterConsumer = Arguments.VerbatimList.class,
      required = true,
      description = Pictures.HELP)
  private List<String> images;

  @Option(
      names = "--label",
      paramLabel = "L",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "A label (repeatable).")
  private List<String> labels;

  @Option(
      names = "--template",
      paramLabel = "T",
      parameterConsumer = Arguments.Verbatim.class,
      description =
          "What a label is put into, in the place of {} (repeatable: a label is the mean of all);"
              + " the label alone if left out.")
  private List<String> templates;

  @Mixin private ModelOption model;

  @Mixin private EncoderOptions encoders;

  @Mixin private PictureOptions pictures;

  @Option(
      names = "--json",
      description = "Print {image, labels: [{label, probability}]} a line, the best label first.")
  private boolean json;

  ClassifyCommand(Console console) {
    super(console);
  }

  private record Scored(String label, double probability) {}

  private record Result(String image, List<Scored> labels) {}

  @Override
  public Integer call() {
    List<PictureFile> found = Pictures.of(images);
    try (ClipModel loaded =
        model.load(encoders.loadOptions().withImages(pictures.images()), console)) {
      ZeroShotClassifier classifier = classifier(loaded);
      BatchEmbedder embedder = new BatchEmbedder(loaded, console);
      embedder.eachPicture(
          found,
          count -> {},
          (picture, row) ->
              print(new Result(picture.id(), bestFirst(classifier.probabilities(row)))));
      if (embedder.failures() == found.size()) {
        return ExitStatus.ERROR; // Each has its line.
      }
      model.sayWhatItKnows(console);
      return embedder.failures() == 0 ? ExitStatus.DONE : ExitStatus.SOME_FAILED;
    }
  }

  private ZeroShotClassifier classifier(ClipModel loaded) {
    try {
      return ZeroShotClassifier.of(loaded, labels, templates == null ? List.of("{}") : templates);
    } catch (IllegalArgumentException e) {
      throw Failure.of("usage", e, "see clip4j classify --help").usage();
    }
  }

  private List<Scored> bestFirst(double[] probabilities) {
    List<Scored> scored = new ArrayList<>();
    IntStream.range(0, probabilities.length)
        .forEach(i -> scored.add(new Scored(labels.get(i), probabilities[i])));
    scored.sort(Comparator.comparingDouble(Scored::probability).reversed());
    return scored;
  }

  private void print(Result result) {
    if (json) {
      console.json(result);
      return;
    }
    Scored best = result.labels().get(0);
    console.print("%.4f  %s  %s".formatted(best.probability(), best.label(), result.image()));
  }
}

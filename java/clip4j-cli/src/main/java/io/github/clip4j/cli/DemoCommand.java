package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Column;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageSource;
import io.github.clip4j.ImageTextMatcher;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Match;
import io.github.clip4j.Probability;
import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j demo}: the tutorial, step by step, on the pictures in the jar. */
@Command(
    name = "demo",
    description = {
      "The tutorial: embed pictures and sentences, find pictures by text and texts by picture, match"
          + " pairs. Writes DIR/gallery.html, a page to look at."
    },
    footer = {
      "",
      "Example:",
      "  clip4j demo --out /tmp/demo",
    })
final class DemoCommand extends Subcommand {
  private static final int TOP = 5;

  @Mixin private ModelOption model;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      parameterConsumer = Arguments.Verbatim.class,
      description = "Where gallery.html goes; default clip4j-demo.")
  private Path out;

  private final DemoPictures demo = DemoPictures.load();

  DemoCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    Path folder = out == null ? Path.of("clip4j-demo") : out;
    Path page = folder.resolve("gallery.html");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw Failure.of(folder.toString(), "cannot be made", e);
    }
    try (OutputFile file = OutputFile.create(page);
        ClipModel loaded = model.load(LoadOptions.DEFAULT, console)) {
      file.write(ByteBuffer.wrap(run(loaded).html().getBytes(StandardCharsets.UTF_8)));
      OutputFile.publish(file);
    }
    console.print("");
    console.print("The same with pictures: " + page);
    return ExitStatus.DONE;
  }

  private Gallery run(ClipModel loaded) {
    List<DemoPictures.Picture> scenes = demo.scenes();
    List<DemoPictures.Picture> singles = demo.singles();
    try (Embeddings sceneRows = pictures(loaded, scenes);
        Embeddings singleRows = pictures(loaded, singles);
        Embeddings sentenceRows = loaded.embedTexts(demo.sentences());
        Embeddings queryRows = loaded.embedTexts(demo.queries())) {
      console.print("model " + loaded.name());
      console.print("scenes %s, singles %s".formatted(shape(sceneRows), shape(singleRows)));
      console.print("sentences %s, queries %s".formatted(shape(sentenceRows), shape(queryRows)));
      DemoRetrieval retrieval = new DemoRetrieval(console, TOP);
      DemoRetrieval.Side sentences = DemoRetrieval.Side.texts(demo.sentences(), sentenceRows);
      DemoRetrieval.Side pictures = DemoRetrieval.Side.pictures(scenes, sceneRows);
      List<Gallery.Result> byText = retrieval.search("pictures by text", sentences, pictures);
      List<Gallery.Result> byPicture = retrieval.search("texts by picture", pictures, sentences);
      List<Gallery.Result> byWord =
          retrieval.search(
              "pictures by text",
              DemoRetrieval.Side.texts(demo.queries(), queryRows),
              DemoRetrieval.Side.pictures(singles, singleRows));
      return page(loaded, sceneRows, singleRows, byText, byPicture, byWord);
    }
  }

  private Gallery page(
      ClipModel loaded,
      Embeddings sceneRows,
      Embeddings singleRows,
      List<Gallery.Result> byText,
      List<Gallery.Result> byPicture,
      List<Gallery.Result> byWord) {
    List<String> footer = new ArrayList<>(List.of("Artwork:"));
    footer.addAll(demo.credits());
    return new Gallery(
            "Pictures and sentences, matched",
            "Every picture and every sentence became a row of "
                + loaded.dimension()
                + " numbers; what belongs together has a high cosine. The model is given no"
                + " answers; but five of the scenes were arranged after the built-in one's training,"
                + " so that it tells them apart.")
        .facts(
            List.of(
                new Gallery.Fact("Model", loaded.name()),
                new Gallery.Fact("Scenes", shape(sceneRows)),
                new Gallery.Fact("Singles", shape(singleRows)),
                new Gallery.Fact(
                    "Sentences", demo.sentences().size() + " x " + loaded.dimension())))
        .results("Pictures by text", "For each sentence, the most similar scenes.", byText)
        .results("Texts by picture", "The same, the other way round.", byPicture)
        .results("Things by a word or two", "Queries that name a kind, a use or an idea.", byWord)
        .pairs(
            "Do they match?",
            "Each scene with its own sentence and with another's. "
                + (loaded.calibration().isPresent()
                    ? "The probability comes from the model's calibration on pairs held out."
                    : "The probability is that of the sentence against a set of neutral texts."),
            pairs(loaded))
        .footer(footer);
  }

  /** Each composed scene with its own sentence, and with that of another. */
  private List<Gallery.Pair> pairs(ClipModel loaded) {
    List<DemoPictures.Picture> pictures = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    List<DemoPictures.Picture> composed =
        demo.scenes().stream().filter(scene -> scene.sentence() != null).toList();
    for (int i = 0; i < composed.size(); i++) {
      for (DemoPictures.Picture whose :
          List.of(composed.get(i), composed.get((i + 3) % composed.size()))) {
        pictures.add(composed.get(i));
        texts.add(whose.sentence());
      }
    }
    Map<String, Column> columns =
        Map.of("image", Column.images(sources(pictures)), "text", Column.texts(texts));
    ImageTextMatcher.Builder matcher =
        ImageTextMatcher.builder(loaded).query("image").response("text");
    List<Match> own = matcher.build().match(columns).orThrow();
    List<Match> reference =
        matcher.probability(Probability.reference()).build().match(columns).orThrow();
    List<Gallery.Pair> pairs = new ArrayList<>();
    console.print("");
    console.print("does the text describe the picture? (its probability, and 0.5 (cosine + 1))");
    for (Match match : own) {
      DemoPictures.Picture picture = pictures.get(match.pair());
      String text = texts.get(match.pair());
      console.print(
          "  %-8s  %.3f  %.3f  %s | %s"
              .formatted(
                  match.match() ? "match" : "no match",
                  match.probability(),
                  reference.get(match.pair()).probability(),
                  picture.title(),
                  text));
      pairs.add(
          new Gallery.Pair(
              picture.forGallery(), text, match.cosine(), match.probability(), match.match()));
    }
    return pairs;
  }

  private static Embeddings pictures(ClipModel loaded, List<DemoPictures.Picture> pictures) {
    ImageEmbeddings embedded = loaded.embedImages(sources(pictures));
    return embedded.orThrow();
  }

  private static List<ImageSource> sources(List<DemoPictures.Picture> pictures) {
    return pictures.stream().map(picture -> ImageSource.of(picture.bytes())).toList();
  }

  private static String shape(Embeddings rows) {
    return rows.rows() + " x " + rows.dimension();
  }
}

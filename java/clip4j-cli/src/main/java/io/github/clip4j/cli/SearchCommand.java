package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code clip4j search}: pictures of an index by text or by picture. */
@Command(
    name = "search",
    description =
        "Find the pictures of an index that are most like a text or a picture (give one of the two).",
    footer = {
      "",
      "Example:",
      "  clip4j search photos.index --text 'a man on a horse' -k 5 --html found.html",
    })
final class SearchCommand extends Subcommand {
  @Parameters(
      paramLabel = "DIR",
      parameterConsumer = Arguments.Verbatim.class,
      description = "What clip4j index made.")
  private Path folder;

  @Option(
      names = "--text",
      paramLabel = "T",
      parameterConsumer = Arguments.Verbatim.class,
      description = "The text to search with.")
  private String text;

  @Option(
      names = "--image",
      paramLabel = "P",
      parameterConsumer = Arguments.Verbatim.class,
      description = "The picture file to search with.")
  private String image;

  @Option(
      names = "-k",
      paramLabel = "K",
      defaultValue = "10",
      description = "How many hits at most; default 10.")
  private int k;

  @Option(
      names = "--min-score",
      paramLabel = "S",
      description = "Leave out hits whose cosine is below S.")
  private Double minScore;

  @Option(
      names = "--model",
      paramLabel = "M",
      parameterConsumer = Arguments.Verbatim.class,
      description = "Where the model that made the index is now, if it was moved.")
  private String model;

  @Option(names = "--json", description = "Print {\"hits\": [{id, row, score}]}.")
  private boolean json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      parameterConsumer = Arguments.Verbatim.class,
      description = "Write a page that shows what was found.")
  private Path html;

  SearchCommand(Console console) {
    super(console);
  }

  private record Found(String id, int row, double score) {}

  private record Result(List<Found> hits) {}

  @Override
  public Integer call() {
    if ((text == null) == (image == null)) {
      throw new Failure("usage", "give one of --text, --image", "see clip4j search --help").usage();
    }
    Numbers.atLeastOne("-k", k);
    if (minScore != null && minScore.isNaN()) {
      throw new Failure("--min-score " + minScore, "is not a number", "give a cosine, -1 to 1")
          .usage();
    }
    try (PictureIndex index = PictureIndex.read(folder)) {
      PictureList list = index.list().orElseThrow();
      String location = model == null ? list.model().location() : model;
      LoadOptions options =
          LoadOptions.DEFAULT.withImages(PictureOptions.images(list.model().exif()));
      try (ClipModel loaded = ModelOption.load(location, options, console)) {
        index.checkModel(loaded);
        double least = minScore == null ? Double.NEGATIVE_INFINITY : minScore;
        List<PictureIndex.Found> hits = index.search(query(loaded), k, least);
        if (html != null) {
          OutputFile.write(html, page(list, hits));
        }
        print(hits);
        if (hits.isEmpty() && minScore != null && !json) {
          console.say(folder + ": no picture has a cosine of " + minScore + " or more");
        }
      }
    }
    return ExitStatus.DONE;
  }

  private float[] query(ClipModel loaded) {
    try {
      return text != null
          ? loaded.embedText(text)
          : loaded.embedImage(Pictures.single(image).source());
    } catch (RuntimeException e) {
      throw Failure.of(text != null ? "--text" : image, e);
    }
  }

  private void print(List<PictureIndex.Found> hits) {
    if (json) {
      console.json(
          new Result(
              hits.stream()
                  .map(hit -> new Found(hit.entry().id(), hit.row(), hit.score()))
                  .toList()));
    } else {
      hits.forEach(hit -> console.print("%7.4f  %s".formatted(hit.score(), hit.entry().id())));
    }
  }

  private String page(PictureList list, List<PictureIndex.Found> hits) {
    List<Gallery.Hit> shown = new ArrayList<>();
    for (PictureIndex.Found hit : hits) {
      Gallery.Item item = picture(hit.entry().id(), Path.of(hit.entry().path()));
      shown.add(new Gallery.Hit(item, hit.score()));
    }
    Gallery.Item query =
        text != null ? new Gallery.Text(text) : picture(image, Pictures.single(image).path());
    String introduction =
        "Searched %d pictures in %s with the model %s."
            .formatted(list.entries().size(), folder, list.model().name());
    return new Gallery("What was found", introduction)
        .results("Best matches", "", List.of(new Gallery.Result(query, shown)))
        .html();
  }

  /** The picture; its name alone where it has gone since it was indexed. */
  private static Gallery.Item picture(String id, Path file) {
    try {
      return new Gallery.Picture(id, id, Files.readAllBytes(file));
    } catch (IOException e) {
      return new Gallery.Text(id + " (cannot be read any more)");
    }
  }
}

package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.LongTexts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j embed}: pictures or texts to a file of unit rows. */
@Command(
    name = "embed",
    description =
        "Embed pictures or texts (one of --images, --text, --texts-file): unit rows in OUT, their"
            + " inputs in OUT.ids.json.",
    footer = {
      "",
      "Examples:",
      "  clip4j embed --images photos 'more/*.png' --out photos.npy",
      "  clip4j embed --text 'a red apple' --text 'a boat' --out texts.safetensors",
    })
final class EmbedCommand extends Subcommand {
  @Option(
      names = "--images",
      paramLabel = "P...",
      parameterConsumer = Arguments.VerbatimList.class,
      description = Pictures.HELP)
  private List<String> images;

  @Option(
      names = "--text",
      paramLabel = "T",
      parameterConsumer = Arguments.Verbatim.class,
      description = "A text (repeatable).")
  private List<String> texts;

  @Option(
      names = "--texts-file",
      paramLabel = "F",
      parameterConsumer = Arguments.Verbatim.class,
      description = "A UTF-8 file with a text a line; blank lines are texts too.")
  private Path textsFile;

  @Option(
      names = "--long-texts",
      paramLabel = "W",
      defaultValue = "truncate",
      description =
          "What becomes of texts longer than the model takes: truncate (default), or pool, the mean"
              + " over their parts.")
  private LongTexts longTexts;

  @Mixin private ModelOption model;

  @Mixin private EncoderOptions encoders;

  @Mixin private PictureOptions pictures;

  @Option(
      names = "--image-size",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Side in pixels of the squares that pictures become; 0 (default) is the model's own. For"
              + " another its position embeddings are interpolated.")
  private int imageSize;

  @Option(
      names = "--timings",
      description = "Print a line of JSON: items, load_ms, preprocess_ms, encode_ms, items_per_s.")
  private boolean timings;

  @Option(
      names = "--out",
      paramLabel = "OUT",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description =
          "Ends in .npy, .safetensors (tensor \"embeddings\") or .jsonl ({id, embedding} a line).")
  private Path out;

  EmbedCommand(Console console) {
    super(console);
  }

  private LoadOptions loadOptions() {
    LoadOptions options = encoders.loadOptions().withImages(pictures.images());
    try {
      return options.withImageSize(imageSize);
    } catch (IllegalArgumentException e) {
      throw Failure.of("--image-size", e).usage();
    }
  }

  @Override
  public Integer call() {
    if (Stream.of(images, texts, textsFile).filter(given -> given != null).count() != 1) {
      throw new Failure(
              "usage", "give one of --images, --text, --texts-file", "see clip4j embed --help")
          .usage();
    }
    try (RowFile rows = RowFile.create(out);
        IdsFile ids = new IdsFile(out)) {
      long start = System.nanoTime();
      LoadOptions options = loadOptions();
      try (ClipModel loaded = model.load(options, console)) {
        double loadMs = (System.nanoTime() - start) / 1e6;
        BatchEmbedder embedder = new BatchEmbedder(loaded, console);
        embed(embedder, rows, ids);
        if (rows.rows() == 0) {
          return nothing(embedder);
        }
        OutputFile.publish(ids.finish(), rows.finish(loaded.dimension()));
        console.print("%s: %d x %d".formatted(out, rows.rows(), loaded.dimension()));
        if (timings) {
          console.json(embedder.report(loadMs));
        }
        return embedder.failures() == 0 ? ExitStatus.DONE : ExitStatus.SOME_FAILED;
      }
    }
  }

  private int nothing(BatchEmbedder embedder) {
    if (embedder.failures() > 1) {
      String why = "all " + embedder.failures() + " pictures failed, there is nothing to write";
      throw new Failure(out.toString(), why, "see the lines above");
    }
    return ExitStatus.ERROR; // Its line has been written.
  }

  private void embed(BatchEmbedder embedder, RowFile rows, IdsFile ids) {
    if (images != null) {
      embedPictures(embedder, rows, ids);
    } else if (texts != null) {
      embedTexts(embedder, texts.iterator(), texts.size(), rows, ids);
    } else {
      try (TextLines lines = TextLines.open(textsFile)) {
        embedTexts(embedder, lines, -1, rows, ids);
      }
    }
  }

  private void embedPictures(BatchEmbedder embedder, RowFile rows, IdsFile ids) {
    List<PictureFile> pictures = Pictures.of(images);
    try (Progress progress = new Progress(console, "embedding", "", 1, pictures.size())) {
      embedder.eachPicture(
          pictures,
          progress::advance,
          (picture, row) -> {
            rows.add(picture.id(), row);
            ids.add(picture.id());
          });
    }
    if (rows.rows() > 0) {
      model.sayWhatItKnows(console);
    }
  }

  private void embedTexts(
      BatchEmbedder embedder, Iterator<String> texts, long total, RowFile rows, IdsFile ids) {
    try (Progress progress = new Progress(console, "embedding", "", 1, total)) {
      while (texts.hasNext()) {
        List<String> batch = new ArrayList<>(BatchEmbedder.TEXTS);
        while (texts.hasNext() && batch.size() < BatchEmbedder.TEXTS) {
          batch.add(texts.next());
        }
        float[][] embedded = embedder.texts(batch, longTexts);
        for (int i = 0; i < embedded.length; i++) {
          rows.add(batch.get(i), embedded[i]);
          ids.add(batch.get(i));
        }
        progress.advance(batch.size());
      }
    }
    embedder.sayWhatWasCut();
  }
}

package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code clip4j index}: pictures to a folder that can be searched. */
@Command(
    name = "index",
    // picocli would put DIR last, where --images takes it for a picture.
    customSynopsis = {
      "clip4j index DIR --images P... [--model M] [--precision P] [--device D] [--exif]",
      "                    [--verbose] [-h]"
    },
    description = {
      "Make an index of pictures in DIR, or bring it up to date: afterwards it holds exactly the"
          + " pictures that P names. Only new and changed ones are embedded."
    },
    footer = {
      "",
      "Example:",
      "  clip4j index photos.index --images photos && clip4j search photos.index --text 'a horse'",
    })
final class IndexCommand extends Subcommand {
  @Parameters(
      paramLabel = "DIR",
      parameterConsumer = Arguments.Verbatim.class,
      description = "The index's folder. It stands before --images, which takes all that follows.")
  private Path folder;

  @Option(
      names = "--images",
      paramLabel = "P...",
      parameterConsumer = Arguments.VerbatimList.class,
      required = true,
      description = Pictures.HELP)
  private List<String> images;

  @Mixin private ModelOption model;

  @Mixin private EncoderOptions encoders;

  @Mixin private PictureOptions pictures;

  IndexCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new Failure(folder.toString(), "is not a folder", "name another");
    }
    Instant now = Instant.now();
    long started = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    LoadOptions options = encoders.loadOptions().withImages(pictures.images());
    try (PictureIndex index = PictureIndex.write(folder);
        ClipModel loaded = model.load(options, console)) {
      PictureList.Model madeBy = PictureList.Model.of(loaded, model, pictures);
      index.checkMaker(madeBy);
      index.checkModel(loaded);
      IndexPlan plan = IndexPlan.of(Pictures.of(images), index.list(), index::embedded);
      BatchEmbedder embedder = new BatchEmbedder(loaded, console);
      plan.failed().forEach(picture -> embedder.failed(picture, picture.problem()));
      if (plan.kept() > 0) {
        console.say(
            folder + ": " + plan.kept() + " pictures that cannot be read stay as they were");
      }
      IndexWriter writer =
          new IndexWriter(index, loaded, madeBy, embedder, IndexWriter.BETWEEN_COMMITS);
      try (Progress progress = new Progress(console, "indexing", "", 1, plan.missing().size())) {
        writer.write(plan, started, progress);
      }
      return report(plan, writer, embedder.failures());
    }
  }

  private int report(IndexPlan plan, IndexWriter writer, long failures) {
    int count = writer.entries().size();
    if (count == 0) {
      if (failures == 1) {
        return ExitStatus.ERROR; // Its line has been written.
      }
      if (failures == 0) {
        throw new Failure(
            folder.toString(),
            "every picture that was named is gone; the index is as it was",
            "name others, or remove it");
      }
      String why = "all " + failures + " pictures failed, there is nothing to index";
      throw new Failure(folder.toString(), why, "see the lines above");
    }
    console.print(
        "%s: %d pictures (%d embedded, %d known, %d dropped)"
            .formatted(
                folder,
                count,
                writer.embedded(),
                count - writer.embedded(),
                plan.dropped(writer.entries())));
    if (writer.embedded() > 0) {
      model.sayWhatItKnows(console);
    }
    return failures == 0 ? ExitStatus.DONE : ExitStatus.SOME_FAILED;
  }
}

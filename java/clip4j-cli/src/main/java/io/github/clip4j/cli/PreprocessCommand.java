package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.RgbImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j preprocess}: a picture as the model sees it. */
@Command(
    name = "preprocess",
    description = "Write a picture as the model sees it: resized and cropped, 8-bit RGB.",
    footer = {
      "",
      "Example:",
      "  clip4j preprocess --image horse.png --out horse.npy",
    })
final class PreprocessCommand extends Subcommand {
  @Option(
      names = "--image",
      paramLabel = "P",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "A picture file.")
  private String image;

  @Mixin private ModelOption model;

  @Mixin private PictureOptions pictures;

  @Option(
      names = "--out",
      paramLabel = "FILE.npy",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "An array of shape (height, width, 3) and type u1.")
  private Path out;

  PreprocessCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    if (!out.toString().toLowerCase(Locale.ROOT).endsWith(".npy")) {
      throw new Failure("--out " + out, "its format is unknown", "name it FILE.npy").usage();
    }
    PictureFile picture = Pictures.single(image);
    try (OutputFile file = OutputFile.create(out);
        ClipModel loaded = model.load(LoadOptions.DEFAULT.withImages(pictures.images()), console)) {
      RgbImage crop = preprocess(loaded, picture);
      file.write(ByteBuffer.wrap(Npy.header("|u1", crop.height(), crop.width(), 3)));
      file.write(ByteBuffer.wrap(crop.rgb()));
      OutputFile.publish(file);
      console.print("%s: %d x %d x 3".formatted(out, crop.height(), crop.width()));
    }
    return ExitStatus.DONE;
  }

  private RgbImage preprocess(ClipModel loaded, PictureFile picture) {
    try {
      return loaded.preprocess(picture.source());
    } catch (RuntimeException e) {
      throw Failure.of(image, e);
    }
  }
}

package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.search.Clip4jException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --model M}. */
final class ModelOption {
  @Option(
      names = "--model",
      paramLabel = "M",
      parameterConsumer = Arguments.Verbatim.class,
      description =
          "A CLIP model: a folder in Hugging Face or OpenCLIP layout, an archive of OpenAI's (.pt),"
              + " org/name or org/name@revision on the Hugging Face hub, or one of medium, high,"
              + " best (OpenAI's). Left out: the built-in emoji model.")
  String model;

  boolean isDefault() {
    return model == null;
  }

  ClipModel load(LoadOptions options, Console console) {
    return load(model, options, console);
  }

  /**
   * The model in a folder or of a name, or the built-in one for null; a bar while it is fetched.
   */
  static ClipModel load(String model, LoadOptions options, Console console) {
    try (Download download = new Download(console)) {
      return model == null
          ? ClipModel.loadDefault(options)
          : ClipModel.load(model, options.withProgress(download::moveTo));
    } catch (Clip4jException | IllegalArgumentException e) {
      throw failure(model, e);
    }
  }

  private static Failure failure(String model, RuntimeException e) {
    if (model == null || model.isEmpty()) {
      return Failure.of(model == null ? "the built-in model" : "--model", e);
    }
    return Failure.of(model, e);
  }

  /** A bar from the first byte on: most models are there already. */
  private static final class Download implements AutoCloseable {
    private final Console console;
    private Progress progress;

    Download(Console console) {
      this.console = console;
    }

    void moveTo(long received, long total) {
      if (progress == null) {
        progress = new Progress(console, "fetching the model", " MB", 1_000_000, total);
      }
      progress.moveTo(received, total);
    }

    @Override
    public void close() {
      if (progress != null) {
        progress.close();
      }
    }
  }

  /** What names the model from any working directory; null for the built-in one. */
  String location() {
    return isDefault() || !Files.exists(Path.of(model))
        ? model
        : PictureList.absolute(Path.of(model)).toString();
  }

  /** What must be said once the built-in model has seen pictures that it may not know. */
  void sayWhatItKnows(Console console) {
    if (isDefault()) {
      console.say(
          "note: the built-in model knows emoji and icons, not photographs (--model M uses"
              + " another)");
    }
  }
}

package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.search.Clip4jException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --model M}. */
final class ModelOption {
  @Option(
      names = "--model",
      paramLabel = "M",
      parameterConsumer = Arguments.Verbatim.class,
      description =
          "A CLIP model: a folder in Hugging Face layout. Left out: the built-in emoji model.")
  String model;

  boolean isDefault() {
    return model == null;
  }

  ClipModel load() {
    return load(model, LoadOptions.DEFAULT);
  }

  /** The model in a folder, or the built-in one for null. */
  static ClipModel load(String model, LoadOptions options) {
    try {
      return model == null
          ? ClipModel.loadDefault(options)
          : ClipModel.load(directory(model), options);
    } catch (Clip4jException | IllegalArgumentException e) {
      throw Failure.of(model == null ? "the built-in model" : model, e);
    }
  }

  private static Path directory(String model) {
    try {
      Path directory = Path.of(model);
      if (Files.isDirectory(directory) && !model.isEmpty()) {
        return directory;
      }
    } catch (InvalidPathException e) {
      // Then it is no folder either.
    }
    throw new Failure(
        "model '" + model + "'", "is not a folder", "name one with config.json and its weights");
  }

  /** What must be said once the built-in model has seen pictures that it may not know. */
  void sayWhatItKnows(Console console) {
    if (isDefault()) {
      console.say(
          "note: the built-in model knows emoji and icons, not photographs (--model M uses another)");
    }
  }
}

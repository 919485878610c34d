package io.github.clip4j.internal;

import io.github.clip4j.ModelInfo;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.internal.checkpoint.PreprocessorConfig;
import io.github.clip4j.internal.files.InputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What only the loading of a model knows of its files.
 *
 * @param storedAs numbers in the weights that were read, by dtype
 */
record ModelFacts(
    List<Path> files, String tokenizer, Map<String, Long> storedAs, ModelInfo.Ignored ignored) {
  private static final List<String> RESIZES =
      List.of("nothing", "the shorter side", "both sides", "the largest size that fits into");
  private static final List<String> FILTERS =
      List.of("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming");
  private static final List<String> ROUNDINGS = List.of("down", "half to even");
  private static final List<String> ACTIVATIONS =
      List.of("quick_gelu", "gelu", "gelu_pytorch_tanh");

  /** With what its description says. */
  ModelInfo join(String name, LoadedModel model, ModelDescription description) {
    ClipConfig config = description.config();
    return new ModelInfo(
        name,
        config.family().title,
        description.layout(),
        config.projectionDim(),
        storedAs.values().stream().mapToLong(Long::longValue).sum(),
        storedAs,
        new ModelInfo.Image(
            tower(config.image().tower()), config.image().size(), config.image().patchSize()),
        new ModelInfo.Text(
            tower(config.text().tower()),
            config.text().vocabularySize(),
            config.text().maxPositions(),
            model.maxTokens(),
            end(config)),
        preprocessing(description.preprocessor()),
        tokenizer,
        model.precision(),
        model.kernel(),
        model.logitScale(),
        model.logitBias().isPresent()
            ? Optional.of((float) model.logitBias().getAsDouble())
            : Optional.empty(),
        model.calibration(),
        model.fingerprint(),
        files.stream().map(ModelFacts::file).toList(),
        ignored);
  }

  private static String end(ClipConfig config) {
    return switch (config.family()) {
      case SIGLIP -> "the last, padding included";
      case CHINESE_CLIP -> "the first";
      case ROBERTA -> "the mean of all";
      case CLIP ->
          config.text().endOfTextId() == ClipConfig.LARGEST_ID
              ? "the largest id"
              : "id " + config.text().endOfTextId();
    };
  }

  private static ModelInfo.Tower tower(ClipConfig.Tower tower) {
    return new ModelInfo.Tower(
        tower.hidden(),
        tower.intermediate(),
        tower.layers(),
        tower.heads(),
        ACTIVATIONS.get(tower.activation()),
        tower.epsilon());
  }

  private static ModelInfo.Preprocessing preprocessing(PreprocessorConfig config) {
    return new ModelInfo.Preprocessing(
        RESIZES.get(config.resizeMode()),
        config.resizeHeight(),
        config.resizeWidth(),
        FILTERS.get(config.resample()),
        config.cropHeight(),
        config.cropWidth(),
        ROUNDINGS.get(config.cropRounding()),
        "#%06x".formatted(config.fill()),
        config.scale(),
        list(config.mean()),
        list(config.std()));
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>();
    for (float value : values) {
      list.add(value);
    }
    return list;
  }

  /** The hub's cache links to large files whose name is their SHA-256. */
  private static ModelInfo.File file(Path file) {
    try {
      Path real = file.toRealPath();
      String blob = real.getFileName().toString();
      return new ModelInfo.File(
          file.getFileName().toString(),
          Files.size(real),
          Optional.of(blob)
              .filter(name -> real.getParent().endsWith("blobs") && name.matches("[0-9a-f]{64}")));
    } catch (IOException e) {
      throw InputFile.unreadable(file, e);
    }
  }
}

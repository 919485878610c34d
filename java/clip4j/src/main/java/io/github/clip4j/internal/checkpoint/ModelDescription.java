package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a directory says of its model, whichever way it is written down.
 *
 * @param layout whose files they are
 * @param configFile the file to blame where native code finds that sizes contradict one another
 * @param weights by their Hugging Face names; nothing but headers has been read
 */
public record ModelDescription(
    String layout,
    Path configFile,
    ClipConfig config,
    PreprocessorConfig preprocessor,
    Map<Path, List<Tensor>> weights) {

  public static final String CONFIG = "config.json";
  public static final List<String> WEIGHTS = List.of("model.safetensors", "pytorch_model.bin");

  /** Repositories of OpenCLIP may hold a model in Hugging Face layout too, which comes first. */
  public static ModelDescription of(ModelFiles files) {
    Optional<Path> archive = files.archive();
    if (archive.isPresent()) {
      return OpenAi.describe(archive.get(), files.tensors(archive.get()));
    }
    if (files.has(OpenClip.CONFIG) && !isHuggingFace(files)) {
      return OpenClip.describe(files);
    }
    if (!files.has(CONFIG)) {
      throw new Clip4jException(
          Kind.MISSING,
          "%s is no model's directory: it has no %s, no %s and no .pt file (give the one that has)"
              .formatted(files.directory(), CONFIG, OpenClip.CONFIG));
    }
    ClipConfig config = ClipConfig.of(files.json(CONFIG));
    PreprocessorConfig preprocessor = PreprocessorConfig.of(files, config.family());
    Map<Path, List<Tensor>> weights = files.weights(WEIGHTS);
    weights.replaceAll(
        (file, tensors) ->
            switch (config.family()) {
              case SIGLIP -> Siglip.renamed(file, tensors);
              case CHINESE_CLIP -> ChineseClip.renamed(file, tensors, config);
              case CLIP, ROBERTA -> tensors;
            });
    return new ModelDescription("Hugging Face", files.path(CONFIG), config, preprocessor, weights);
  }

  /** The same model for pictures of another size; 0 leaves it as it is. */
  public ModelDescription withImageSize(int size) {
    return size == 0 || size == config.image().size()
        ? this
        : new ModelDescription(
            layout,
            configFile,
            config.withImageSize(size),
            preprocessor.scaled(config.image().size(), size),
            weights);
  }

  /** Beside an OpenCLIP model, timm keeps a config.json without a model type. */
  private static boolean isHuggingFace(ModelFiles files) {
    return files.hasWeights(WEIGHTS)
        && files.jsonIfPresent(CONFIG).filter(config -> config.has("model_type")).isPresent();
  }
}

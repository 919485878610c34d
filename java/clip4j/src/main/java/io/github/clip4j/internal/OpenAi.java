package io.github.clip4j.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * OpenAI's own files, such as ViT-B-32.pt: a TorchScript archive with OpenCLIP's names and no
 * configuration. The sizes are what the tensors' shapes say, as in OpenAI's build_model.
 *
 * @see <a href="https://github.com/openai/CLIP">OpenAI's CLIP</a>
 */
final class OpenAi {
  /** Numbers that every one of OpenAI's archives holds among its tensors. */
  private static final List<String> MARKS =
      List.of("input_resolution", "context_length", "vocab_size");

  private static final String ATTENTION = ".attn.in_proj_weight";
  private static final int HEAD_WIDTH = 64;
  private static final int LARGEST_SIZE = 1 << 20;

  private final Path file;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private OpenAi(Path file, List<Tensor> tensors) {
    this.file = file;
    tensors.forEach(tensor -> this.tensors.put(tensor.name(), tensor));
  }

  static boolean isArchive(Path file) {
    return file.toString().endsWith(".pt");
  }

  static ModelDescription describe(Path file, List<Tensor> tensors) {
    return new OpenAi(file, tensors).describe();
  }

  private ModelDescription describe() {
    // Its activation is known by this alone: the tensors of OpenCLIP's models look the same.
    if (!tensors.keySet().containsAll(MARKS)) {
      throw ModelFiles.unsupported(
          file,
          "it is not one of OpenAI's archives, for it lacks one of "
              + String.join(", ", MARKS)
              + " (a checkpoint needs an open_clip_config.json, and the name "
              + "open_clip_pytorch_model.bin)");
    }
    if (!tensors.containsKey("visual.proj")) {
      throw ModelFiles.unsupported(
          file, "its vision tower is no transformer (supported: OpenAI's ViT models)");
    }
    ClipConfig config = config();
    Map<Boolean, List<Tensor>> marks =
        tensors.values().stream()
            .collect(Collectors.partitioningBy(tensor -> MARKS.contains(tensor.name())));
    List<Tensor> weights = new ArrayList<>(OpenClipWeights.renamed(file, marks.get(false)));
    weights.addAll(marks.get(true));
    // OpenCLIP's defaults are OpenAI's preprocessing.
    return new ModelDescription(
        "OpenAI",
        file,
        config,
        OpenClip.preprocessor(Json.parse(file.toString(), "{}"), config.imageSize()),
        Map.of(file, weights));
  }

  private ClipConfig config() {
    int patch = size("visual.conv1.weight", 3);
    int grid = (int) Math.round(Math.sqrt(size("visual.positional_embedding", 0) - 1));
    return new ClipConfig(
            tower(size("visual.conv1.weight", 0), "visual.transformer.resblocks."),
            tower(size("ln_final.weight", 0), "transformer.resblocks."),
            patch * grid,
            patch,
            size("token_embedding.weight", 0),
            size("positional_embedding", 0),
            ClipConfig.LARGEST_ID,
            size("text_projection", 1),
            ClipConfig.Family.CLIP)
        .withAntialiasedPositions();
  }

  private ClipConfig.Tower tower(int width, String blocks) {
    long layers =
        tensors.keySet().stream()
            .filter(name -> name.startsWith(blocks) && name.endsWith(ATTENTION))
            .count();
    int heads = width / HEAD_WIDTH;
    return new ClipConfig.Tower(
        width, 4 * width, (int) layers, heads, ClipConfig.QUICK_GELU, 1e-5f);
  }

  private int size(String name, int axis) {
    Tensor tensor = tensors.get(name);
    long size = tensor == null || tensor.shape().length <= axis ? 0 : tensor.shape()[axis];
    if (size < 1 || size > LARGEST_SIZE) {
      throw ModelFiles.corrupt(file, "it has no tensor " + name + " of a size that CLIP's has");
    }
    return (int) size;
  }
}

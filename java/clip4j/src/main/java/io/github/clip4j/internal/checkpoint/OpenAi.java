package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.files.Json;
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
      throw InputFile.unsupported(
          file,
          "it is not one of OpenAI's archives, for it lacks one of "
              + String.join(", ", MARKS)
              + " (a checkpoint needs an open_clip_config.json, and the name "
              + "open_clip_pytorch_model.bin)");
    }
    if (!tensors.containsKey("visual.proj")) {
      throw InputFile.unsupported(
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
        OpenClip.preprocessor(Json.parse(file.toString(), "{}"), config.image().size()),
        Map.of(file, weights));
  }

  private ClipConfig config() {
    TensorSizes sizes = new TensorSizes(file, tensors.values());
    int patch = sizes.size("visual.conv1.weight", 3);
    int grid = (int) Math.round(Math.sqrt(sizes.size("visual.positional_embedding", 0) - 1));
    ClipConfig.Image image =
        new ClipConfig.Image(
            tower(sizes, "visual.conv1.weight", "visual.transformer.resblocks."),
            patch * grid,
            patch);
    ClipConfig.Text text =
        new ClipConfig.Text(
            tower(sizes, "ln_final.weight", "transformer.resblocks."),
            sizes.size("token_embedding.weight", 0),
            sizes.size("positional_embedding", 0));
    return new ClipConfig(
        image.antialiasedPositions(), text, sizes.size("text_projection", 1), Family.CLIP);
  }

  private static ClipConfig.Tower tower(TensorSizes sizes, String wide, String blocks) {
    int width = sizes.size(wide, 0);
    int layers = sizes.count(blocks, ATTENTION);
    int heads = width / HEAD_WIDTH;
    return new ClipConfig.Tower(width, 4 * width, layers, heads, ClipConfig.QUICK_GELU, 1e-5f);
  }
}

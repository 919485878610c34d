package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The text towers of OpenCLIP that are Hugging Face's RoBERTa or XLM-R. Their configuration is a
 * name, so sizes are what the tensors' shapes say; heads are 64 wide in all that have these names.
 *
 * @see <a href="https://arxiv.org/abs/1911.02116">Conneau et al. 2019</a>
 */
public final class Roberta {
  /** The token that such a tower does not see, of these names. */
  public static final int PADDING_ID = 1;

  private static final List<String> NAMES =
      List.of("xlm-roberta-base", "xlm-roberta-large", "roberta-base", "roberta-large");

  private static final String TRANSFORMER = "text.transformer.";
  private static final String PROJECTION = "text.proj.";
  private static final int HEAD_WIDTH = 64;

  private static final String POSITIONS = TRANSFORMER + "embeddings.position_embeddings.weight";

  /** In a checkpoint of older versions, and no weight. */
  private static final String POSITION_IDS = TRANSFORMER + "embeddings.position_ids";

  /** Of a text_cfg; what {@link #isNamed} looks at. */
  static final Set<String> FIELDS =
      Set.of("hf_model_name", "hf_tokenizer_name", "hf_proj_type", "hf_pooler_type");

  private Roberta() {}

  /** Whether a text_cfg is of such a tower; UNSUPPORTED if it is of another of Hugging Face's. */
  static boolean isNamed(Json text) {
    if (!text.has("hf_model_name")) {
      return false;
    }
    check(text, "hf_model_name", NAMES.get(0), NAMES);
    check(text, "hf_tokenizer_name", NAMES.get(0), NAMES);
    check(text, "hf_pooler_type", "mean_pooler", List.of("mean_pooler"));
    check(text, "hf_proj_type", "mlp", List.of("mlp", "linear"));
    return true;
  }

  private static void check(Json text, String name, String absent, List<String> supported) {
    if (!supported.contains(text.string(name, absent).replaceFirst("^FacebookAI/", ""))) {
      throw text.unsupported(name, String.join(", ", supported));
    }
  }

  /** The texts' part of a model with such a tower. */
  static ClipConfig.Text text(Json text, int contextLength, TensorSizes sizes) {
    String words = TRANSFORMER + "embeddings.word_embeddings.weight";
    String layer = TRANSFORMER + "encoder.layer.";
    int width = sizes.size(words, 1);
    ClipConfig.Tower tower =
        new ClipConfig.Tower(
            width,
            sizes.size(layer + "0.intermediate.dense.weight", 0),
            sizes.count(layer, ".attention.self.query.weight"),
            Math.max(1, width / HEAD_WIDTH),
            ClipConfig.GELU,
            1e-5f);
    boolean mlp = text.string("hf_proj_type", "mlp").equals("mlp");
    return new ClipConfig.Text(
        tower,
        sizes.size(words, 0),
        contextLength,
        ClipConfig.LARGEST_ID,
        mlp ? sizes.size(PROJECTION + "0.weight", 0) : 0);
  }

  /** OpenCLIP's tensors under the names that they have in the other families. */
  static List<Tensor> renamed(Path file, List<Tensor> tensors, ClipConfig config) {
    BertWeights bert = new BertWeights(file, TRANSFORMER, config.text().tower().layers());
    List<Tensor> renamed = new ArrayList<>();
    List<Tensor> others = new ArrayList<>();
    for (Tensor tensor : tensors) {
      Optional<Tensor> found =
          bert.renamed(positioned(file, tensor, config.text().maxPositions()))
              .or(() -> projection(tensor));
      if (found.isPresent()) {
        renamed.add(found.get());
      } else if (!tensor.name().equals(POSITION_IDS)) {
        others.add(tensor);
      }
    }
    renamed.addAll(OpenClipWeights.renamed(file, others));
    return renamed;
  }

  /** A text's positions are counted from behind its padding's. */
  private static Tensor positioned(Path file, Tensor tensor, int positions) {
    return tensor.name().equals(POSITIONS)
        ? tensor.contiguous(file).rows(PADDING_ID + 1, positions)
        : tensor;
  }

  private static Optional<Tensor> projection(Tensor tensor) {
    return switch (tensor.name()) {
      case PROJECTION + "0.weight" -> Optional.of(tensor.named("text_projection_inner.weight"));
      case PROJECTION + "2.weight", PROJECTION + "weight" ->
          Optional.of(tensor.named("text_projection.weight"));
      default -> Optional.empty();
    };
  }
}

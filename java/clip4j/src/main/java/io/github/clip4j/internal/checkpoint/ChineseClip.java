package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.Json;
import java.nio.file.Path;
import java.util.List;

/**
 * Chinese-CLIP's config.json and weights: CLIP's pictures, and texts by BERT.
 *
 * @see <a href="https://arxiv.org/abs/2211.01335">Yang et al. 2022</a>
 */
final class ChineseClip {
  private ChineseClip() {}

  static ClipConfig config(Json config) {
    Json vision = ClipConfig.tower(config, "vision_config");
    Json text = ClipConfig.tower(config, "text_config");
    if (!text.string("position_embedding_type", "absolute").equals("absolute")) {
      throw text.unsupported("position_embedding_type", "absolute");
    }
    return new ClipConfig(
        ClipConfig.Image.of(
            vision, new ClipConfig.Tower(768, 3072, 12, 12, ClipConfig.QUICK_GELU, 1e-5f), 32),
        ClipConfig.Text.of(
            text,
            new ClipConfig.Text(
                new ClipConfig.Tower(768, 3072, 12, 12, ClipConfig.GELU, 1e-12f), 30522, 512)),
        config.positive("projection_dim", 512),
        Family.CHINESE_CLIP);
  }

  /** BERT's tensors under the names that they have in the other families. */
  static List<Tensor> renamed(Path file, List<Tensor> tensors, ClipConfig config) {
    BertWeights bert = new BertWeights(file, "text_model.", config.text().tower().layers());
    return tensors.stream().map(tensor -> bert.renamed(tensor).orElse(tensor)).toList();
  }
}

package io.github.clip4j.internal;

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
    ClipConfig.checkChannels(vision);
    if (!text.string("position_embedding_type", "absolute").equals("absolute")) {
      throw text.unsupported("position_embedding_type", "absolute");
    }
    return new ClipConfig(
        ClipConfig.Tower.of(
            vision, new ClipConfig.Tower(768, 3072, 12, 12, ClipConfig.QUICK_GELU, 1e-5f)),
        ClipConfig.Tower.of(text, new ClipConfig.Tower(768, 3072, 12, 12, ClipConfig.GELU, 1e-12f)),
        ClipConfig.side(vision, "image_size", 224),
        ClipConfig.side(vision, "patch_size", 32),
        text.positive("vocab_size", 30522),
        text.positive("max_position_embeddings", 512),
        ClipConfig.LARGEST_ID,
        config.positive("projection_dim", 512),
        ClipConfig.Family.CHINESE_CLIP);
  }

  /** BERT's tensors under the names that they have in the other families. */
  static List<Tensor> renamed(Path file, List<Tensor> tensors, ClipConfig config) {
    BertWeights bert = new BertWeights(file, "text_model.", config.text().layers());
    return tensors.stream().map(tensor -> bert.renamed(tensor).orElse(tensor)).toList();
  }
}

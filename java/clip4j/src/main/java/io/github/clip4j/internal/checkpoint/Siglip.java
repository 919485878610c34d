package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * SigLIP's config.json and weights, and those of SigLIP 2 of one resolution, which are the same.
 *
 * @see <a href="https://arxiv.org/abs/2303.15343">Zhai et al. 2023</a>
 */
final class Siglip {
  private static final ClipConfig.Tower TOWER =
      new ClipConfig.Tower(768, 3072, 12, 12, ClipConfig.GELU_TANH, 1e-6f);

  private static final String IN_PROJ = "vision_model.head.attention.in_proj_";

  private Siglip() {}

  static ClipConfig config(Json config) {
    Json vision = tower(config, "vision");
    Json text = tower(config, "text");
    if (!vision.flag("vision_use_head", true)) {
      throw vision.unsupported("vision_use_head", "true");
    }
    ClipConfig.Text texts = ClipConfig.Text.of(text, new ClipConfig.Text(TOWER, 32000, 64));
    return new ClipConfig(
        ClipConfig.Image.of(vision, TOWER, 16),
        texts,
        text.positive("projection_size", texts.tower().hidden()),
        Family.SIGLIP);
  }

  private static Json tower(Json config, String name) {
    Json tower = config.object(name + "_config");
    String type = "siglip_" + name + "_model";
    if (!tower.string("model_type", type).equals(type)) {
      throw tower.unsupported("model_type", type);
    }
    return tower;
  }

  /** The pooling's query, key and value as three tensors, as they are everywhere else. */
  static List<Tensor> renamed(Path file, List<Tensor> tensors) {
    List<Tensor> split = new ArrayList<>();
    for (Tensor tensor : tensors) {
      if (tensor.name().startsWith(IN_PROJ) && tensor.splits(3)) {
        String part = "_proj." + tensor.name().substring(IN_PROJ.length());
        String name = "vision_model.head.attention.";
        split.addAll(
            tensor.contiguous(file).split(name + "q" + part, name + "k" + part, name + "v" + part));
      } else {
        split.add(tensor);
      }
    }
    return split;
  }
}

package io.github.clip4j.internal;

import com.google.gson.JsonElement;
import java.nio.ByteBuffer;

/**
 * A CLIP model's config.json, with transformers' defaults where a field is absent. Whether the
 * sizes agree with one another and with the weights is checked in native code.
 *
 * @param endOfTextId where a text ends, or {@link #LARGEST_ID}
 */
record ClipConfig(
    Tower vision,
    Tower text,
    int imageSize,
    int patchSize,
    int vocabularySize,
    int maxPositions,
    int endOfTextId,
    int projectionDim) {

  /** The end of a text is where its largest id is. */
  static final int LARGEST_ID = -1;

  static final int QUICK_GELU = 0;
  static final int GELU = 1;

  /** sizeof(clip4j_config). */
  static final int BYTES = 2 * Tower.BYTES + 6 * Integer.BYTES;

  /** One transformer; a clip4j_tower. */
  record Tower(int hidden, int intermediate, int layers, int heads, int activation, float epsilon) {
    static final int BYTES = 6 * Integer.BYTES;

    private static Tower of(Json config, int hidden, int intermediate, int heads) {
      return new Tower(
          config.positive("hidden_size", hidden),
          config.positive("intermediate_size", intermediate),
          config.positive("num_hidden_layers", 12),
          config.positive("num_attention_heads", heads),
          activation(config),
          config.number("layer_norm_eps", 1e-5));
    }

    private static int activation(Json config) {
      return switch (config.string("hidden_act", "quick_gelu")) {
        case "quick_gelu" -> QUICK_GELU;
        case "gelu" -> GELU;
        default -> throw config.unsupported("hidden_act", "quick_gelu, gelu");
      };
    }

    private void write(ByteBuffer to) {
      to.putInt(hidden).putInt(intermediate).putInt(layers).putInt(heads);
      to.putInt(activation).putFloat(epsilon);
    }
  }

  static ClipConfig of(Json config) {
    if (!config.string("model_type", "").equals("clip")) {
      throw config.unsupported("model_type", "clip");
    }
    Json vision = tower(config, "vision_config");
    Json text = tower(config, "text_config");
    if (vision.positive("num_channels", 3) != 3) {
      throw vision.unsupported("num_channels", "3");
    }
    return new ClipConfig(
        Tower.of(vision, 768, 3072, 12),
        Tower.of(text, 512, 2048, 8),
        side(vision, "image_size", 224),
        side(vision, "patch_size", 32),
        text.positive("vocab_size", 49408),
        text.positive("max_position_embeddings", 77),
        endOfText(text),
        config.positive("projection_dim", 512));
  }

  /**
   * Early checkpoints carry text_config_dict or vision_config_dict, which replaces the plain one as
   * a whole.
   */
  private static Json tower(Json config, String name) {
    return config.object(config.has(name + "_dict") ? name + "_dict" : name);
  }

  /** A square's side: one number, or height and width that are equal. */
  static int side(Json config, String name, int absent) {
    JsonElement value = config.element(name).orElse(null);
    if (value == null || !value.isJsonArray()) {
      return config.positive(name, absent);
    }
    float[] sides = config.numbers(name, new float[2]);
    if (sides[0] != sides[1] || sides[0] < 1 || sides[0] != (int) sides[0]) {
      throw config.unsupported(name, "squares");
    }
    return (int) sides[0];
  }

  /**
   * Checkpoints from before the field was right say 2, and mean the largest id, as transformers
   * reads them.
   */
  private static int endOfText(Json text) {
    Integer id = text.integer("eos_token_id");
    if (id == null) {
      return 49407;
    }
    if (id < 0) {
      throw text.wrong("eos_token_id", "at least 0");
    }
    return id == 2 ? LARGEST_ID : id;
  }

  void write(ByteBuffer to) {
    vision.write(to);
    text.write(to);
    to.putInt(imageSize).putInt(patchSize).putInt(vocabularySize).putInt(maxPositions);
    to.putInt(endOfTextId).putInt(projectionDim);
  }
}

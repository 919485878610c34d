package io.github.clip4j.internal.checkpoint;

import com.google.gson.JsonElement;
import io.github.clip4j.internal.files.Json;
import java.nio.ByteBuffer;

/**
 * A model's sizes; a clip4j_config. Whether they agree with one another and with the weights is
 * checked in native code.
 */
public record ClipConfig(Image image, Text text, int projectionDim, Family family) {
  /** The end of a text is where its largest id is. */
  public static final int LARGEST_ID = -1;

  private static final int MOST_PATCHES_A_SIDE = 256;

  static final int QUICK_GELU = 0;
  static final int GELU = 1;
  static final int GELU_TANH = 2;

  /** sizeof(clip4j_config). */
  public static final int BYTES = 2 * Tower.BYTES + 9 * Integer.BYTES + Family.BYTES;

  /** One transformer; a clip4j_tower. */
  public record Tower(
      int hidden, int intermediate, int layers, int heads, int activation, float epsilon) {
    static final int BYTES = 7 * Integer.BYTES;

    /** The fields of a config.json; those of {@code absent} where one is absent. */
    static Tower of(Json config, Tower absent) {
      return new Tower(
          config.positive("hidden_size", absent.hidden),
          config.positive("intermediate_size", absent.intermediate),
          config.positive("num_hidden_layers", absent.layers),
          config.positive("num_attention_heads", absent.heads),
          activation(config, absent.activation),
          config.number("layer_norm_eps", absent.epsilon));
    }

    private static int activation(Json config, int absent) {
      if (!config.has("hidden_act")) {
        return absent;
      }
      return switch (config.string("hidden_act", "")) {
        case "quick_gelu" -> QUICK_GELU;
        case "gelu" -> GELU;
        case "gelu_pytorch_tanh" -> GELU_TANH;
        default -> throw config.unsupported("hidden_act", "quick_gelu, gelu, gelu_pytorch_tanh");
      };
    }

    private void write(ByteBuffer to, boolean postNorm) {
      to.putInt(hidden).putInt(intermediate).putInt(layers).putInt(heads);
      to.putInt(activation).putFloat(epsilon).putInt(postNorm ? 1 : 0);
    }
  }

  /**
   * The pictures' part of a model.
   *
   * @param size of a picture's sides, in pixels
   * @param positionGrid for how many patches a side position embeddings are stored
   * @param antialiased whether they are antialiased where they are interpolated
   */
  public record Image(Tower tower, int size, int patchSize, int positionGrid, boolean antialiased) {
    /** Takes pictures as large as those it was trained on. */
    Image(Tower tower, int size, int patchSize) {
      this(tower, size, patchSize, size / patchSize, false);
    }

    /** The fields of a config.json; {@code tower} and {@code patchSize} where they are absent. */
    static Image of(Json config, Tower tower, int patchSize) {
      if (config.positive("num_channels", 3) != 3) {
        throw config.unsupported("num_channels", "3");
      }
      return new Image(
          Tower.of(config, tower),
          side(config, "image_size", 224),
          side(config, "patch_size", patchSize));
    }

    /** With position embeddings that are interpolated as OpenCLIP does it. */
    Image antialiasedPositions() {
      return new Image(tower, size, patchSize, positionGrid, true);
    }

    private Image withSize(int other) {
      if (other < patchSize || other / patchSize > MOST_PATCHES_A_SIDE) {
        throw new IllegalArgumentException(
            "imageSize %d makes %d patches a side of %d pixels, possible are 1 to %d"
                .formatted(other, other / patchSize, patchSize, MOST_PATCHES_A_SIDE));
      }
      return new Image(tower, other, patchSize, positionGrid, antialiased);
    }
  }

  /**
   * The texts' part of a model.
   *
   * @param endOfTextId where a text ends, or {@link #LARGEST_ID}
   * @param projectionHidden how long a text is between the two matrices of its projection; 0 where
   *     there is one
   */
  public record Text(
      Tower tower, int vocabularySize, int maxPositions, int endOfTextId, int projectionHidden) {
    /** With one matrix, and an end that is where the largest id is. */
    Text(Tower tower, int vocabularySize, int maxPositions) {
      this(tower, vocabularySize, maxPositions, LARGEST_ID, 0);
    }

    /** The fields of a config.json; {@code absent} where they are absent. */
    static Text of(Json config, Text absent) {
      return new Text(
          Tower.of(config, absent.tower),
          config.positive("vocab_size", absent.vocabularySize),
          config.positive("max_position_embeddings", absent.maxPositions));
    }

    Text endingAt(int id) {
      return new Text(tower, vocabularySize, maxPositions, id, projectionHidden);
    }
  }

  /** The same model for pictures of another size. */
  ClipConfig withImageSize(int size) {
    return new ClipConfig(image.withSize(size), text, projectionDim, family);
  }

  /** Of a model in Hugging Face layout, whose family its model_type says. */
  public static ClipConfig of(Json config) {
    return switch (config.string("model_type", "")) {
      case "clip" -> clip(config);
      case "siglip" -> Siglip.config(config);
      case "chinese_clip" -> ChineseClip.config(config);
      default ->
          throw config.unsupported(
              "model_type",
              "clip, chinese_clip, and siglip, which SigLIP 2 of one resolution is too");
    };
  }

  private static ClipConfig clip(Json config) {
    Json vision = tower(config, "vision_config");
    Json text = tower(config, "text_config");
    return new ClipConfig(
        Image.of(vision, new Tower(768, 3072, 12, 12, QUICK_GELU, 1e-5f), 32),
        Text.of(text, new Text(new Tower(512, 2048, 12, 8, QUICK_GELU, 1e-5f), 49408, 77))
            .endingAt(endOfText(text)),
        config.positive("projection_dim", 512),
        Family.CLIP);
  }

  /**
   * Early checkpoints carry text_config_dict or vision_config_dict, which replaces the plain one as
   * a whole.
   */
  static Json tower(Json config, String name) {
    return config.object(config.has(name + "_dict") ? name + "_dict" : name);
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

  public void write(ByteBuffer to) {
    image.tower.write(to, false);
    text.tower.write(to, family.hasBertsTexts());
    to.putInt(image.size).putInt(image.patchSize);
    to.putInt(text.vocabularySize).putInt(text.maxPositions).putInt(text.endOfTextId);
    to.putInt(projectionDim).putInt(image.positionGrid).putInt(image.antialiased ? 1 : 0);
    to.putInt(text.projectionHidden);
    family.write(to);
  }
}

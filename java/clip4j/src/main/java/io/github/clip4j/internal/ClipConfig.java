package io.github.clip4j.internal;

import com.google.gson.JsonElement;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A model's sizes as in its config.json, with transformers' defaults where a field is absent; a
 * clip4j_config. Whether the sizes agree with one another and with the weights is checked in native
 * code.
 *
 * @param endOfTextId where a text ends, or {@link #LARGEST_ID}
 * @param positionGrid for how many patches a side position embeddings are stored
 * @param antialiased whether they are antialiased where they are interpolated
 * @param textProjectionHidden how long a text is between the two matrices of its projection; 0
 *     where there is one
 */
record ClipConfig(
    Tower vision,
    Tower text,
    int imageSize,
    int patchSize,
    int vocabularySize,
    int maxPositions,
    int endOfTextId,
    int projectionDim,
    int positionGrid,
    boolean antialiased,
    int textProjectionHidden,
    Family family) {

  /** The end of a text is where its largest id is. */
  static final int LARGEST_ID = -1;

  private static final int MOST_PATCHES_A_SIDE = 256;

  static final int QUICK_GELU = 0;
  static final int GELU = 1;
  static final int GELU_TANH = 2;

  /** sizeof(clip4j_config). */
  static final int BYTES = 2 * Tower.BYTES + (11 + Fact.values().length) * Integer.BYTES;

  /** How a picture's tokens become one row; clip4j_vision_pooling. */
  private enum VisionPooling {
    CLASS_TOKEN,
    ATTENTION
  }

  /** Which of a text's tokens are read; clip4j_text_pooling. */
  private enum TextPooling {
    END,
    LAST,
    FIRST,
    MEAN
  }

  /** What a family may have: the last fields of clip4j_config, in their order. */
  private enum Fact {
    PATCH_BIAS,
    PRE_NORM,
    VISION_PROJECTION,
    CAUSAL_TEXT,
    TEXT_BIAS,
    LOGIT_BIAS,
    TOKEN_TYPE
  }

  /** What the towers are made of. */
  enum Family {
    /** A class token; texts that are read at their end; a softmax. */
    CLIP(
        "CLIP",
        VisionPooling.CLASS_TOKEN,
        TextPooling.END,
        Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.CAUSAL_TEXT)),
    /** Pooling by attention; texts that are padded to one length and read there; a sigmoid. */
    SIGLIP(
        "SigLIP",
        VisionPooling.ATTENTION,
        TextPooling.LAST,
        Set.of(Fact.PATCH_BIAS, Fact.TEXT_BIAS, Fact.LOGIT_BIAS)),
    /** CLIP's pictures; texts by BERT, which are read at their first token. */
    CHINESE_CLIP(
        "Chinese-CLIP",
        VisionPooling.CLASS_TOKEN,
        TextPooling.FIRST,
        Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.TOKEN_TYPE)),
    /** CLIP's pictures; texts by RoBERTa, of whose tokens the mean is read. */
    ROBERTA(
        "CLIP with RoBERTa",
        VisionPooling.CLASS_TOKEN,
        TextPooling.MEAN,
        Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.TOKEN_TYPE));

    /** As its authors write it. */
    final String title;

    private final VisionPooling visionPooling;
    private final TextPooling textPooling;
    private final Set<Fact> facts;

    Family(String title, VisionPooling visionPooling, TextPooling textPooling, Set<Fact> facts) {
      this.title = title;
      this.visionPooling = visionPooling;
      this.textPooling = textPooling;
      this.facts = facts;
    }

    /** BERT's layers, which norm what they have added, are those with token types. */
    private boolean hasBertsTexts() {
      return facts.contains(Fact.TOKEN_TYPE);
    }
  }

  /** One transformer; a clip4j_tower. */
  record Tower(int hidden, int intermediate, int layers, int heads, int activation, float epsilon) {
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

  /** A model that takes pictures as large as those it was trained on. */
  ClipConfig(
      Tower vision,
      Tower text,
      int imageSize,
      int patchSize,
      int vocabularySize,
      int maxPositions,
      int endOfTextId,
      int projectionDim,
      Family family) {
    this(
        vision,
        text,
        imageSize,
        patchSize,
        vocabularySize,
        maxPositions,
        endOfTextId,
        projectionDim,
        imageSize / patchSize,
        false,
        0,
        family);
  }

  /** The same model with position embeddings that are interpolated as OpenCLIP does it. */
  ClipConfig withAntialiasedPositions() {
    return new ClipConfig(
        vision,
        text,
        imageSize,
        patchSize,
        vocabularySize,
        maxPositions,
        endOfTextId,
        projectionDim,
        positionGrid,
        true,
        textProjectionHidden,
        family);
  }

  /** A model that takes the same pictures and other texts. */
  ClipConfig withTexts(
      Tower tower, int vocabulary, int positions, int projectionHidden, Family otherFamily) {
    return new ClipConfig(
        vision,
        tower,
        imageSize,
        patchSize,
        vocabulary,
        positions,
        endOfTextId,
        projectionDim,
        positionGrid,
        antialiased,
        projectionHidden,
        otherFamily);
  }

  /** The same model for pictures of another size. */
  ClipConfig withImageSize(int size) {
    if (size < patchSize || size / patchSize > MOST_PATCHES_A_SIDE) {
      throw new IllegalArgumentException(
          "imageSize %d makes %d patches a side of %d pixels, possible are 1 to %d"
              .formatted(size, size / patchSize, patchSize, MOST_PATCHES_A_SIDE));
    }
    return new ClipConfig(
        vision,
        text,
        size,
        patchSize,
        vocabularySize,
        maxPositions,
        endOfTextId,
        projectionDim,
        positionGrid,
        antialiased,
        textProjectionHidden,
        family);
  }

  /** Of a model in Hugging Face layout, whose family its model_type says. */
  static ClipConfig of(Json config) {
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
    checkChannels(vision);
    return new ClipConfig(
        Tower.of(vision, new Tower(768, 3072, 12, 12, QUICK_GELU, 1e-5f)),
        Tower.of(text, new Tower(512, 2048, 12, 8, QUICK_GELU, 1e-5f)),
        side(vision, "image_size", 224),
        side(vision, "patch_size", 32),
        text.positive("vocab_size", 49408),
        text.positive("max_position_embeddings", 77),
        endOfText(text),
        config.positive("projection_dim", 512),
        Family.CLIP);
  }

  static void checkChannels(Json vision) {
    if (vision.positive("num_channels", 3) != 3) {
      throw vision.unsupported("num_channels", "3");
    }
  }

  /**
   * Early checkpoints carry text_config_dict or vision_config_dict, which replaces the plain one as
   * a whole.
   */
  static Json tower(Json config, String name) {
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
    vision.write(to, false);
    text.write(to, family.hasBertsTexts());
    to.putInt(imageSize).putInt(patchSize).putInt(vocabularySize).putInt(maxPositions);
    to.putInt(endOfTextId).putInt(projectionDim).putInt(positionGrid);
    to.putInt(antialiased ? 1 : 0).putInt(textProjectionHidden);
    to.putInt(family.visionPooling.ordinal()).putInt(family.textPooling.ordinal());
    for (Fact fact : Fact.values()) {
      to.putInt(family.facts.contains(fact) ? 1 : 0);
    }
  }
}

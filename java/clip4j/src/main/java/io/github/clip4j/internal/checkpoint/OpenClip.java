package io.github.clip4j.internal.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.clip4j.internal.files.Json;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * OpenCLIP's own layout: open_clip_config.json, and weights under OpenAI's names. Its towers can be
 * much that CLIP's are not; any field that clip4j does not know to be without effect is refused.
 *
 * @see <a href="https://github.com/mlfoundations/open_clip">OpenCLIP</a>
 */
public final class OpenClip {
  public static final String CONFIG = "open_clip_config.json";

  public static final List<String> WEIGHTS =
      List.of("open_clip_model.safetensors", "open_clip_pytorch_model.bin");

  private static final Set<String> READ =
      Set.of(
          "embed_dim",
          "vision_cfg",
          "text_cfg",
          "quick_gelu",
          "width",
          "layers",
          "heads",
          "head_width",
          "mlp_ratio",
          "image_size",
          "patch_size",
          "context_length",
          "vocab_size");

  /** For training alone, for towers of other kinds, or visible in the weights' names. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "custom_text",
          "init_logit_scale",
          "output_dict",
          "output_tokens",
          "patch_dropout",
          "attn_pooler_queries",
          "attn_pooler_heads",
          "timm_model_pretrained",
          "timm_pool",
          "timm_proj",
          "timm_proj_bias",
          "timm_drop",
          "timm_drop_path",
          "pad_id",
          "eos_id",
          "hf_model_pretrained",
          "hf_proj_type",
          "hf_pooler_type");

  /** What other fields may say, apart from nothing. */
  private static final Set<JsonElement> OFF = Set.of(new JsonPrimitive(false), new JsonObject());

  private static final Map<String, List<String>> DEFAULTS =
      Map.of(
          "pool_type", List.of("tok", "argmax"),
          "pos_embed_type", List.of("learnable"),
          "proj_type", List.of("linear"),
          "block_type", List.of("default"));

  private OpenClip() {}

  static ModelDescription describe(ModelFiles files) {
    Json json = files.json(CONFIG);
    Map<Path, List<Tensor>> stored = files.weights(WEIGHTS);
    ClipConfig config =
        config(
            json.object("model_cfg"),
            new TensorSizes(
                stored.keySet().iterator().next(),
                stored.values().stream().flatMap(Collection::stream).toList()));
    PreprocessorConfig preprocessor =
        preprocessor(json.object("preprocess_cfg"), config.image().size());
    stored.replaceAll(
        (file, tensors) ->
            config.family() == Family.ROBERTA
                ? Roberta.renamed(file, tensors, config)
                : OpenClipWeights.renamed(file, tensors));
    return new ModelDescription("OpenCLIP", files.path(CONFIG), config, preprocessor, stored);
  }

  /**
   * From model_cfg, with OpenCLIP's defaults where a field is absent.
   *
   * @param sizes for what it leaves to the weights
   */
  static ClipConfig config(Json model, TensorSizes sizes) {
    Json vision = model.object("vision_cfg");
    Json text = model.object("text_cfg");
    boolean roberta = Roberta.isNamed(text);
    for (Json part : List.of(model, vision, text)) {
      part.names().stream()
          .filter(name -> !(roberta && Roberta.FIELDS.contains(name)))
          .forEach(name -> checkPlain(part, name));
    }
    if (vision.element("layers").filter(JsonElement::isJsonArray).isPresent()) {
      throw vision.unsupported("layers", "one number, a vision transformer");
    }
    int activation = model.flag("quick_gelu", false) ? ClipConfig.QUICK_GELU : ClipConfig.GELU;
    int width = vision.positive("width", 768);
    int heads = Math.max(1, width / vision.positive("head_width", 64));
    ClipConfig.Image image =
        new ClipConfig.Image(
            tower(vision, width, heads, activation),
            ClipConfig.side(vision, "image_size", 224),
            ClipConfig.side(vision, "patch_size", 16));
    int contextLength = text.positive("context_length", 77);
    ClipConfig.Text texts =
        roberta
            ? Roberta.text(text, contextLength, sizes)
            : new ClipConfig.Text(
                tower(text, text.positive("width", 512), text.positive("heads", 8), activation),
                text.positive("vocab_size", 49408),
                contextLength);
    return new ClipConfig(
        image.antialiasedPositions(),
        texts,
        model.positive("embed_dim", 512),
        roberta ? Family.ROBERTA : Family.CLIP);
  }

  private static ClipConfig.Tower tower(Json config, int width, int heads, int activation) {
    int intermediate = (int) (width * config.decimal("mlp_ratio", 4));
    int layers = config.positive("layers", 12);
    return new ClipConfig.Tower(width, intermediate, layers, heads, activation, 1e-5f);
  }

  private static void checkPlain(Json part, String name) {
    if (READ.contains(name) || WITHOUT_EFFECT.contains(name) || !part.has(name)) {
      return;
    }
    JsonElement value = part.element(name).get();
    List<String> defaults = DEFAULTS.getOrDefault(name, List.of());
    if (!OFF.contains(value)
        && defaults.stream().map(JsonPrimitive::new).noneMatch(value::equals)) {
      throw part.unsupported(name, defaults.isEmpty() ? "none" : String.join(", ", defaults));
    }
  }

  /** From preprocess_cfg; the size is the model's, whatever the file says of it. */
  static PreprocessorConfig preprocessor(Json config, int size) {
    if (!config.string("mode", "RGB").equals("RGB")) {
      throw config.unsupported("mode", "RGB");
    }
    int resample =
        switch (config.string("interpolation", "bicubic")) {
          case "bicubic", "random" -> PreprocessorConfig.BICUBIC;
          case "bilinear" -> PreprocessorConfig.BILINEAR;
          default -> throw config.unsupported("interpolation", "bicubic, bilinear, random");
        };
    int mode =
        switch (config.string("resize_mode", "shortest")) {
          case "shortest" -> PreprocessorConfig.SHORTER_SIDE;
          case "longest" -> PreprocessorConfig.FIT;
          case "squash" -> PreprocessorConfig.EXACT;
          default -> throw config.unsupported("resize_mode", "shortest, longest, squash");
        };
    int crop = mode == PreprocessorConfig.EXACT ? 0 : size;
    return new PreprocessorConfig(
        mode,
        size,
        size,
        resample,
        crop,
        crop,
        PreprocessorConfig.HALF_EVEN,
        grey(config),
        1 / 255f,
        config.numbers("mean", PreprocessorConfig.CLIP_MEAN),
        PreprocessorConfig.deviations(config, "std", PreprocessorConfig.CLIP_STD));
  }

  /**
   * The colour around a picture that does not fill the square; only the mode "longest" needs it.
   */
  private static int grey(Json config) {
    Integer level = config.integer("fill_color");
    if (level == null) {
      return 0;
    }
    if (level < 0 || level > 255) {
      throw config.wrong("fill_color", "0 to 255");
    }
    return level * 0x010101;
  }
}

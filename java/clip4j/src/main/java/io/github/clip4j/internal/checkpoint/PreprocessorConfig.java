package io.github.clip4j.internal.checkpoint;

import com.google.gson.JsonElement;
import io.github.clip4j.ImageOptions;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * What preprocessor_config.json says of CLIP's, Chinese-CLIP's or SigLIP's image processor, with
 * transformers' defaults; a clip4j_preprocessing once it is joined with {@link ImageOptions}.
 *
 * @param resizeMode 0 none, 1 the shorter side becomes resizeHeight, 2 exactly resizeHeight x
 *     resizeWidth, 3 as large as fits into these
 * @param cropHeight 0: no crop
 * @param cropRounding where a crop begins when its margin is odd: {@link #DOWN} or {@link
 *     #HALF_EVEN}
 * @param fill 0xRRGGBB, around a picture that is smaller than its crop
 */
public record PreprocessorConfig(
    int resizeMode,
    int resizeHeight,
    int resizeWidth,
    int resample,
    int cropHeight,
    int cropWidth,
    int cropRounding,
    int fill,
    float scale,
    float[] mean,
    float[] std) {

  /** sizeof(clip4j_preprocessing). */
  public static final int BYTES = 88;

  /** Of these, the last: what files are accepted, which decides about no embedding. */
  public static final int LIMIT_BYTES = Integer.BYTES + 2 * Long.BYTES;

  /** What native code resizes to at the most. */
  private static final int LONGEST_SIDE = 1 << 20;

  static final int SHORTER_SIDE = 1;
  static final int EXACT = 2;
  static final int FIT = 3;

  /** As CLIP's own processor in transformers does. */
  static final int DOWN = 0;

  /** As torchvision does, and so OpenCLIP and OpenAI. */
  static final int HALF_EVEN = 1;

  static final int BILINEAR = 2;
  static final int BICUBIC = 3;
  static final float[] CLIP_MEAN = {0.48145466f, 0.4578275f, 0.40821073f};
  static final float[] CLIP_STD = {0.26862954f, 0.26130258f, 0.27577711f};
  private static final float[] HALF = {0.5f, 0.5f, 0.5f};

  /** A width and height; equal ones also stand for "the shorter side" where {@code shorter}. */
  private record Size(boolean shorter, int height, int width) {}

  /**
   * As transformers looks for it: inside a processor_config.json, else in a file of its own.
   *
   * @param family whose processor it is where the file does not say
   */
  static PreprocessorConfig of(ModelFiles files, Family family) {
    return files
        .jsonIfPresent("processor_config.json")
        .filter(processor -> processor.has("image_processor"))
        .map(processor -> of(processor.object("image_processor"), family))
        .orElseGet(() -> of(files.json("preprocessor_config.json"), family));
  }

  static PreprocessorConfig of(Json config, Family family) {
    boolean siglip = isSiglip(config, family);
    int mode = 0;
    Size size = new Size(true, 0, 0);
    if (config.flag("do_resize", true)) {
      size = siglip && !config.has("size") ? new Size(false, 224, 224) : size(config, "size", true);
      if (size.height() > LONGEST_SIDE || size.width() > LONGEST_SIDE) {
        throw config.wrong("size", "at most " + LONGEST_SIDE);
      }
      mode = size.shorter() ? SHORTER_SIDE : EXACT;
    }
    Size crop = new Size(false, 0, 0);
    if (config.flag("do_center_crop", !siglip)) {
      crop = size(config, "crop_size", false);
    }
    boolean normalize = config.flag("do_normalize", true);
    float[] mean = {0, 0, 0};
    float[] std = {1, 1, 1};
    if (normalize) {
      mean = config.numbers("image_mean", siglip ? HALF : CLIP_MEAN);
      std = deviations(config, "image_std", siglip ? HALF : CLIP_STD);
    }
    float scale = config.flag("do_rescale", true) ? config.number("rescale_factor", 1 / 255.0) : 1;
    if (scale <= 0) {
      throw config.wrong("rescale_factor", "above 0");
    }
    return new PreprocessorConfig(
        mode,
        size.height(),
        size.width(),
        resample(config),
        crop.height(),
        crop.width(),
        DOWN,
        0,
        scale,
        mean,
        std);
  }

  private static boolean isSiglip(Json config, Family family) {
    boolean siglip = family == Family.SIGLIP;
    for (String name : new String[] {"image_processor_type", "feature_extractor_type"}) {
      String type = config.string(name, "");
      if (type.matches("(Chinese)?CLIP.*|Siglip[A-Z].*")) {
        siglip = type.startsWith("S");
      } else if (!type.isEmpty()) {
        throw config.unsupported(name, "CLIP's, Chinese-CLIP's, SigLIP's of one resolution");
      }
    }
    return siglip;
  }

  /**
   * One number, [height, width], {"height", "width"} or, where {@code shorterSide},
   * {"shortest_edge"}.
   */
  private static Size size(Json config, String name, boolean shorterSide) {
    JsonElement value = config.element(name).orElse(null);
    if (value == null || value.isJsonPrimitive()) {
      int side = config.positive(name, 224);
      return new Size(shorterSide, side, side);
    }
    if (value.isJsonArray()) {
      float[] sides = config.numbers(name, new float[2]);
      if (sides[0] < 1 || sides[1] < 1) {
        throw config.wrong(name, "at least 1 x 1");
      }
      return new Size(false, (int) sides[0], (int) sides[1]);
    }
    Json sides = config.object(name);
    boolean exact = sides.has("height") && sides.has("width");
    if (exact ? sides.has("shortest_edge") : !(shorterSide && sides.has("shortest_edge"))) {
      throw config.unsupported(
          name, "height and width" + (shorterSide ? ", or shortest_edge" : ""));
    }
    if (sides.has("longest_edge")) {
      throw config.unsupported(name, "no longest_edge");
    }
    return exact
        ? new Size(false, sides.positive("height", 0), sides.positive("width", 0))
        : new Size(true, sides.positive("shortest_edge", 0), 0);
  }

  /** Of the three channels. */
  static float[] deviations(Json config, String name, float[] absent) {
    float[] std = config.numbers(name, absent);
    for (float deviation : std) {
      if (deviation <= 0) {
        throw config.wrong(name, "above 0");
      }
    }
    return std;
  }

  private static int resample(Json config) {
    Integer resample = config.integer("resample");
    if (resample == null) {
      return BICUBIC;
    }
    if (resample < 0 || resample > 5) {
      throw config.wrong("resample", "0 to 5, one of Pillow's filters");
    }
    return resample;
  }

  /**
   * The processor must make what the model takes; transformers finds out at the first picture only.
   */
  public void checkMakes(int imageSize, Path directory) {
    boolean crops = cropHeight > 0;
    int height = crops ? cropHeight : resizeHeight;
    int width = crops ? cropWidth : resizeWidth;
    if (!crops && resizeMode != EXACT) {
      throw new Clip4jException(
          Kind.UNSUPPORTED,
          "%s: the preprocessor neither crops nor resizes to one size, the model takes %dx%d alone"
              .formatted(directory, imageSize, imageSize));
    }
    if (height != imageSize || width != imageSize) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%s: the preprocessor makes %dx%d pictures, config.json says the model takes %dx%d"
              .formatted(directory, width, height, imageSize, imageSize));
    }
  }

  /** For pictures of another size: what goes around the crop grows with it. */
  PreprocessorConfig scaled(int from, int to) {
    return new PreprocessorConfig(
        resizeMode,
        scaled(resizeHeight, from, to),
        scaled(resizeWidth, from, to),
        resample,
        scaled(cropHeight, from, to),
        scaled(cropWidth, from, to),
        cropRounding,
        fill,
        scale,
        mean,
        std);
  }

  private static int scaled(int side, int from, int to) {
    return (int) Math.round((double) side * to / from);
  }

  public void write(ByteBuffer to, ImageOptions options) {
    to.putInt(resizeMode).putInt(resizeHeight).putInt(resizeWidth).putInt(resample);
    to.putInt(cropHeight).putInt(cropWidth).putInt(cropRounding).putInt(fill).putFloat(scale);
    for (float value : mean) {
      to.putFloat(value);
    }
    for (float value : std) {
      to.putFloat(value);
    }
    to.putInt(options.exifOrientation() ? 1 : 0).putInt(options.background().orElse(-1));
    to.putInt(options.formats().stream().mapToInt(format -> 1 << format.ordinal()).sum());
    to.putLong(options.maxEncodedBytes()).putLong(options.maxPixels());
  }
}

package io.github.clip4j;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that a model's files said, what of them had no effect, and what it computes in.
 *
 * @param name as {@link ClipModel#name}
 * @param family whose computation it is
 * @param layout whose files they are: Hugging Face's, OpenCLIP's or OpenAI's
 * @param dimension floats in an embedding
 * @param parameters numbers in the weights that were read
 * @param storedAs how many of them the files hold in which dtype, as safetensors names it
 * @param image the pictures' tower
 * @param text the texts' tower
 * @param preprocessing what becomes of a picture before it reaches its tower
 * @param tokenizer the file, or files, that texts are split by
 * @param precision as {@link ClipModel#precision}
 * @param kernel as {@link ClipModel#kernel}
 * @param logitScale as {@link ClipModel#logitScale}
 * @param logitBias as {@link ClipModel#logitBias}
 * @param calibration as {@link ClipModel#calibration}
 * @param fingerprint as {@link ClipModel#fingerprint}
 * @param files those that were read
 * @param ignored what had no effect
 */
public record ModelInfo(
    String name,
    String family,
    String layout,
    int dimension,
    long parameters,
    Map<String, Long> storedAs,
    Image image,
    Text text,
    Preprocessing preprocessing,
    String tokenizer,
    Precision precision,
    String kernel,
    float logitScale,
    Optional<Float> logitBias,
    Optional<Probability> calibration,
    String fingerprint,
    List<File> files,
    Ignored ignored) {

  /** Copies what may change. */
  public ModelInfo {
    storedAs = Map.copyOf(storedAs);
    files = List.copyOf(files);
  }

  /**
   * A transformer.
   *
   * @param width floats in a token
   * @param mlpWidth floats in the middle of a layer's MLP
   * @param layers blocks of attention and MLP
   * @param heads of each attention
   * @param activation of the MLPs
   * @param epsilon of the layer norms
   */
  public record Tower(
      int width, int mlpWidth, int layers, int heads, String activation, float epsilon) {}

  /**
   * The pictures' tower.
   *
   * @param size side in pixels of the squares that it takes
   * @param patch side in pixels of those that they are cut into
   */
  public record Image(Tower tower, int size, int patch) {}

  /**
   * The texts' tower.
   *
   * @param vocabulary tokens that it knows
   * @param positions tokens that it has room for
   * @param tokens that a text may have, begin and end included
   * @param end the token that a text's embedding is read from, or that it is read from all
   */
  public record Text(Tower tower, int vocabulary, int positions, int tokens, String end) {}

  /**
   * Sizes in pixels.
   *
   * @param resize what becomes {@code resizeHeight} x {@code resizeWidth}
   * @param filter one of Pillow's
   * @param cropHeight of the centre crop, 0 where there is none
   * @param cropRounding which way half a pixel of the crop's margin goes
   * @param fill around a picture smaller than its crop, #rrggbb
   * @param scale what 8-bit values are multiplied by, before {@code (value - mean) / std}
   */
  public record Preprocessing(
      String resize,
      int resizeHeight,
      int resizeWidth,
      String filter,
      int cropHeight,
      int cropWidth,
      String cropRounding,
      String fill,
      float scale,
      List<Float> mean,
      List<Float> std) {}

  /**
   * A file.
   *
   * @param sha256 in hexadecimal, where the hub's cache names the file by it
   */
  public record File(String name, long bytes, Optional<String> sha256) {}

  /**
   * What had no effect.
   *
   * @param files in the model's folder that were not read
   * @param fields of JSON files that were read, as FILE: FIELD
   * @param tensors in the weights' files
   */
  public record Ignored(List<String> files, List<String> fields, List<String> tensors) {
    /** Copies the lists. */
    public Ignored {
      files = List.copyOf(files);
      fields = List.copyOf(fields);
      tensors = List.copyOf(tensors);
    }
  }
}

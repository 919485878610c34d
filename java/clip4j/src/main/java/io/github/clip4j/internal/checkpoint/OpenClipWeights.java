package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * OpenCLIP's tensors as Hugging Face's: other names, three matrices of attention that OpenCLIP
 * keeps in one, and projections that it keeps transposed.
 */
final class OpenClipWeights {
  /** {@code text.}: models whose text tower is an object of its own. */
  private static final Pattern BLOCK =
      Pattern.compile("(visual\\.|text\\.|)transformer\\.resblocks\\.(\\d+)\\.(.+)");

  private static final Pattern ATTENTION_INPUT = Pattern.compile("attn\\.in_proj_(weight|bias)");
  private static final Pattern PART = Pattern.compile("(.+)\\.(weight|bias)");

  private static final Map<String, String> BLOCK_PARTS =
      Map.of(
          "ln_1", "layer_norm1",
          "ln_2", "layer_norm2",
          "attn.out_proj", "self_attn.out_proj",
          "mlp.c_fc", "mlp.fc1",
          "mlp.c_proj", "mlp.fc2");

  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          Map.entry("logit_scale", "logit_scale"),
          Map.entry("visual.class_embedding", "vision_model.embeddings.class_embedding"),
          Map.entry(
              "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
          Map.entry("visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"),
          Map.entry("visual.ln_pre.weight", "vision_model.pre_layrnorm.weight"),
          Map.entry("visual.ln_pre.bias", "vision_model.pre_layrnorm.bias"),
          Map.entry("visual.ln_post.weight", "vision_model.post_layernorm.weight"),
          Map.entry("visual.ln_post.bias", "vision_model.post_layernorm.bias"),
          Map.entry("visual.proj", "visual_projection.weight"),
          Map.entry("token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
          Map.entry("positional_embedding", "text_model.embeddings.position_embedding.weight"),
          Map.entry("ln_final.weight", "text_model.final_layer_norm.weight"),
          Map.entry("ln_final.bias", "text_model.final_layer_norm.bias"),
          Map.entry("text_projection", "text_projection.weight"));

  private final Path file;
  private final List<Tensor> renamed = new ArrayList<>();

  private OpenClipWeights(Path file) {
    this.file = file;
  }

  static List<Tensor> renamed(Path file, List<Tensor> tensors) {
    OpenClipWeights weights = new OpenClipWeights(file);
    tensors.forEach(weights::add);
    return weights.renamed;
  }

  private void add(Tensor tensor) {
    Matcher block = BLOCK.matcher(tensor.name());
    if (block.matches()) {
      String tower = block.group(1).equals("visual.") ? "vision_model" : "text_model";
      addOfBlock(tensor, tower + ".encoder.layers." + block.group(2) + ".", block.group(3));
      return;
    }
    String name = OTHERS.get(tensor.name().replaceFirst("^text\\.", ""));
    if (name == null) {
      throw unsupported(tensor);
    }
    Tensor other = tensor.named(name);
    if (!name.endsWith("projection.weight")) {
      renamed.add(other);
    } else if (tensor.shape().length == 2) {
      renamed.add(other.transpose());
    } else {
      throw unsupported(tensor);
    }
  }

  private void addOfBlock(Tensor tensor, String layer, String name) {
    Matcher part = PART.matcher(name);
    Matcher input = ATTENTION_INPUT.matcher(name);
    if (input.matches()) {
      addThirds(tensor, layer + "self_attn.", input.group(1));
    } else if (part.matches() && BLOCK_PARTS.containsKey(part.group(1))) {
      renamed.add(tensor.named(layer + BLOCK_PARTS.get(part.group(1)) + "." + part.group(2)));
    } else {
      throw unsupported(tensor);
    }
  }

  /** Query, key and value, one below the other. */
  private void addThirds(Tensor tensor, String attention, String part) {
    if (!tensor.splits(3)) {
      throw unsupported(tensor);
    }
    renamed.addAll(
        tensor
            .contiguous(file)
            .split(
                attention + "q_proj." + part,
                attention + "k_proj." + part,
                attention + "v_proj." + part));
  }

  private Clip4jException unsupported(Tensor tensor) {
    return InputFile.unsupported(
        file,
        "tensor %s of shape %s is no part of OpenCLIP's plain towers"
            .formatted(tensor.name(), Arrays.toString(tensor.shape())));
  }
}

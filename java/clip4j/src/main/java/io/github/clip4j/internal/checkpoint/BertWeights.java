package io.github.clip4j.internal.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tensors of BERT and RoBERTa under the names that text towers have in the other families. A
 * norm that BERT has behind a residual is the one before what comes next.
 *
 * @param file that holds them
 * @param prefix of their names
 * @param layers how many there are
 */
record BertWeights(Path file, String prefix, int layers) {
  private static final String EMBEDDINGS = "text_model.embeddings.";
  private static final String LAYERS = "text_model.encoder.layers.";
  private static final Pattern NORM = Pattern.compile("embeddings\\.LayerNorm(\\.weight|\\.bias)");
  private static final Pattern PART =
      Pattern.compile("encoder\\.layer\\.(\\d{1,4})\\.(.+)(\\.weight|\\.bias)");

  private static final Map<String, String> TABLES =
      Map.of(
          "embeddings.word_embeddings.weight", EMBEDDINGS + "token_embedding.weight",
          "embeddings.position_embeddings.weight", EMBEDDINGS + "position_embedding.weight",
          "embeddings.token_type_embeddings.weight", EMBEDDINGS + "token_type_embedding.weight");

  private static final Map<String, String> PARTS =
      Map.of(
          "attention.self.query", "self_attn.q_proj",
          "attention.self.key", "self_attn.k_proj",
          "attention.self.value", "self_attn.v_proj",
          "attention.output.dense", "self_attn.out_proj",
          "attention.output.LayerNorm", "layer_norm2",
          "intermediate.dense", "mlp.fc1",
          "output.dense", "mlp.fc2");

  /** What the tensor is called elsewhere; empty for one that is no part of BERT. */
  Optional<Tensor> renamed(Tensor tensor) {
    if (!tensor.name().startsWith(prefix)) {
      return Optional.empty();
    }
    String name = tensor.name().substring(prefix.length());
    if (TABLES.containsKey(name)) {
      // Of the types of token, all of a text are the first.
      Tensor table = name.contains("token_type") ? tensor.contiguous(file).rows(0, 1) : tensor;
      return Optional.of(table.named(TABLES.get(name)));
    }
    Matcher norm = NORM.matcher(name);
    if (norm.matches()) {
      return Optional.of(tensor.named(normBehind(-1) + norm.group(1)));
    }
    Matcher part = PART.matcher(name);
    if (!part.matches()) {
      return Optional.empty();
    }
    int layer = Integer.parseInt(part.group(1));
    String other =
        part.group(2).equals("output.LayerNorm")
            ? normBehind(layer)
            : PARTS.containsKey(part.group(2))
                ? LAYERS + layer + "." + PARTS.get(part.group(2))
                : null;
    return Optional.ofNullable(other).map(found -> tensor.named(found + part.group(3)));
  }

  private String normBehind(int layer) {
    return layer == layers - 1
        ? "text_model.final_layer_norm"
        : LAYERS + (layer + 1) + ".layer_norm1";
  }
}

// The towers by their definition, in double precision and as slow as it likes: what the towers are tested
// against.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "clip_fixture.h"

namespace clip4j::test {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

const std::vector<float>& values(const Checkpoint& weights, const std::string& name) {
  return weights.at(name).values;
}

Row linear(const Checkpoint& weights, const std::string& name, const Row& x) {
  const std::vector<float>& weight = values(weights, name + ".weight");
  Row y(weight.size() / x.size());
  const auto bias = weights.find(name + ".bias");
  for (size_t i = 0; i < y.size(); ++i) {
    if (bias != weights.end()) y[i] = bias->second.values[i];
    for (size_t j = 0; j < x.size(); ++j) y[i] += weight[i * x.size() + j] * x[j];
  }
  return y;
}

Row layer_norm(const Checkpoint& weights, const std::string& name, double epsilon, const Row& x) {
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
  Row y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(variance + epsilon) * values(weights, name + ".weight")[i] +
           values(weights, name + ".bias")[i];
  }
  return y;
}

double activate(int32_t activation, double x) {
  if (activation == CLIP4J_QUICK_GELU) return x / (1 + std::exp(-1.702 * x));
  if (activation == CLIP4J_GELU) return x * 0.5 * (1 + std::erf(x / std::numbers::sqrt2));
  return x * 0.5 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

Rows map(const Rows& rows, const auto& function) {
  Rows result;
  for (const Row& row : rows) result.push_back(function(row));
  return result;
}

void add(Rows& to, const Rows& rows) {
  for (size_t i = 0; i < to.size(); ++i) {
    for (size_t j = 0; j < to[i].size(); ++j) to[i][j] += rows[i][j];
  }
}

Rows attend(const Rows& query, const Rows& key, const Rows& value, size_t heads, bool causal) {
  const size_t width = query[0].size() / heads;
  Rows result(query.size(), Row(query[0].size()));
  for (size_t head = 0; head < heads; ++head) {
    for (size_t i = 0; i < query.size(); ++i) {
      const size_t seen = causal ? i + 1 : key.size();
      Row weight(seen);
      double sum = 0;
      for (size_t j = 0; j < seen; ++j) {
        double dot = 0;
        for (size_t d = head * width; d < (head + 1) * width; ++d) dot += query[i][d] * key[j][d];
        sum += weight[j] = std::exp(dot / std::sqrt(static_cast<double>(width)));
      }
      for (size_t d = head * width; d < (head + 1) * width; ++d) {
        for (size_t j = 0; j < seen; ++j) result[i][d] += weight[j] / sum * value[j][d];
      }
    }
  }
  return result;
}

Row mlp(const clip4j_tower& tower, const Checkpoint& weights, const std::string& name, const Row& x) {
  Row inner = linear(weights, name + ".fc1", x);
  for (double& value : inner) value = activate(tower.activation, value);
  return linear(weights, name + ".fc2", inner);
}

Rows encode(const clip4j_tower& tower, const Checkpoint& weights, const std::string& prefix, Rows x,
            bool causal) {
  for (int i = 0; i < tower.layers; ++i) {
    const std::string layer = prefix + ".encoder.layers." + std::to_string(i);
    const auto by_linear = [&](const char* name) {
      return [&weights, full = layer + name](const Row& row) { return linear(weights, full, row); };
    };
    const auto by_norm = [&](const char* name) {
      return [&, full = layer + name](const Row& row) {
        return layer_norm(weights, full, tower.layer_norm_eps, row);
      };
    };
    const Rows normal = map(x, by_norm(".layer_norm1"));
    if (tower.post_norm != 0) x = normal;
    const Rows attended =
        attend(map(normal, by_linear(".self_attn.q_proj")), map(normal, by_linear(".self_attn.k_proj")),
               map(normal, by_linear(".self_attn.v_proj")), static_cast<size_t>(tower.heads), causal);
    add(x, map(attended, by_linear(".self_attn.out_proj")));
    const Rows between = map(x, by_norm(".layer_norm2"));
    if (tower.post_norm != 0) x = between;
    add(x, map(between, [&](const Row& row) { return mlp(tower, weights, layer + ".mlp", row); }));
  }
  return x;
}

// What a learned query makes of all tokens.
Row pool(const clip4j_tower& tower, const Checkpoint& weights, const Rows& tokens) {
  const auto by_linear = [&](const char* name) {
    return [&weights, name](const Row& row) { return linear(weights, name, row); };
  };
  const std::vector<float>& probe = values(weights, "vision_model.head.probe");
  const Rows query{linear(weights, "vision_model.head.attention.q_proj", Row(probe.begin(), probe.end()))};
  const Rows attended = attend(query, map(tokens, by_linear("vision_model.head.attention.k_proj")),
                               map(tokens, by_linear("vision_model.head.attention.v_proj")),
                               static_cast<size_t>(tower.heads), false);
  Rows pooled{linear(weights, "vision_model.head.attention.out_proj", attended[0])};
  add(pooled, {mlp(tower, weights, "vision_model.head.mlp",
                   layer_norm(weights, "vision_model.head.layernorm", tower.layer_norm_eps, pooled[0]))});
  return pooled[0];
}

Row unit(Row row) {
  double squares = 0;
  for (const double value : row) squares += value * value;
  for (double& value : row) value /= std::sqrt(squares);
  return row;
}

}  // namespace

std::vector<double> reference_image(const clip4j_config& config, const Checkpoint& weights,
                                    std::span<const uint8_t> pixels,
                                    const clip4j_preprocessing& preprocessing) {
  const size_t hidden = static_cast<size_t>(config.vision.hidden_size),
               patch = static_cast<size_t>(config.patch_size);
  const size_t size = static_cast<size_t>(config.image_size), grid = size / patch;
  const auto& kernel = values(weights, "vision_model.embeddings.patch_embedding.weight");
  const auto& position = values(weights, "vision_model.embeddings.position_embedding.weight");
  const auto class_embedding = weights.find("vision_model.embeddings.class_embedding");
  const auto bias = weights.find("vision_model.embeddings.patch_embedding.bias");
  Rows tokens;
  if (config.vision_pooling == CLIP4J_CLASS_TOKEN) {
    const std::vector<float>& token = class_embedding->second.values;
    tokens.emplace_back(token.begin(), token.end());
  }
  for (size_t number = 0; number < grid * grid; ++number) {
    const size_t top = number / grid * patch, left = number % grid * patch;
    Row& token = tokens.emplace_back(hidden);
    for (size_t h = 0; h < hidden; ++h) {
      if (config.patch_bias != 0) token[h] = bias->second.values[h];
      for (size_t c = 0; c < 3; ++c) {
        for (size_t y = 0; y < patch; ++y) {
          for (size_t x = 0; x < patch; ++x) {
            const double pixel = pixels[((top + y) * size + left + x) * 3 + c] / 255.0;
            token[h] += kernel[((h * 3 + c) * patch + y) * patch + x] * (pixel - preprocessing.mean[c]) /
                        preprocessing.std[c];
          }
        }
      }
    }
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (size_t h = 0; h < hidden; ++h) tokens[i][h] += position[i * hidden + h];
    if (config.pre_norm != 0) {
      tokens[i] = layer_norm(weights, "vision_model.pre_layrnorm", config.vision.layer_norm_eps, tokens[i]);
    }
  }
  const Rows normal = map(encode(config.vision, weights, "vision_model", tokens, false), [&](const Row& row) {
    return layer_norm(weights, "vision_model.post_layernorm", config.vision.layer_norm_eps, row);
  });
  const Row pooled =
      config.vision_pooling == CLIP4J_CLASS_TOKEN ? normal[0] : pool(config.vision, weights, normal);
  return unit(config.vision_projection != 0 ? linear(weights, "visual_projection", pooled) : pooled);
}

std::vector<double> reference_text(const clip4j_config& config, const Checkpoint& weights,
                                   std::span<const int32_t> ids) {
  const size_t hidden = static_cast<size_t>(config.text.hidden_size);
  const auto& token = values(weights, "text_model.embeddings.token_embedding.weight");
  const auto& position = values(weights, "text_model.embeddings.position_embedding.weight");
  Rows tokens(ids.size(), Row(hidden));
  for (size_t i = 0; i < ids.size(); ++i) {
    for (size_t h = 0; h < hidden; ++h) {
      tokens[i][h] = double{token[static_cast<size_t>(ids[i]) * hidden + h]} + position[i * hidden + h];
      if (config.token_type != 0) {
        tokens[i][h] += values(weights, "text_model.embeddings.token_type_embedding.weight")[h];
      }
    }
  }
  size_t wanted = config.text_pooling == CLIP4J_FIRST ? 0 : ids.size() - 1;
  if (config.text_pooling == CLIP4J_END_OF_TEXT) {
    const auto end = config.end_of_text_id < 0 ? std::ranges::max_element(ids)
                                               : std::ranges::find(ids, config.end_of_text_id);
    wanted = static_cast<size_t>(end - ids.begin());
    if (config.causal_text == 0) tokens.resize(wanted + 1);
  }
  const Rows normal =
      map(encode(config.text, weights, "text_model", tokens, config.causal_text != 0), [&](const Row& row) {
        return layer_norm(weights, "text_model.final_layer_norm", config.text.layer_norm_eps, row);
      });
  Row pooled = normal[wanted];
  if (config.text_pooling == CLIP4J_MEAN) {
    for (size_t h = 0; h < hidden; ++h) {
      pooled[h] = 0;
      for (const Row& row : normal) pooled[h] += row[h] / static_cast<double>(normal.size());
    }
  }
  if (config.text_projection_hidden != 0) {
    pooled = linear(weights, "text_projection_inner", pooled);
    for (double& value : pooled) value = activate(CLIP4J_GELU, value);
  }
  return unit(linear(weights, config.text_bias != 0 ? "text_model.head" : "text_projection", pooled));
}

}  // namespace clip4j::test

// CLIP by its definition, in double precision and as slow as it likes: what the towers are tested against.
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
  return activation == CLIP4J_QUICK_GELU ? x / (1 + std::exp(-1.702 * x))
                                         : x * 0.5 * (1 + std::erf(x / std::numbers::sqrt2));
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
    const Rows attended =
        attend(map(normal, by_linear(".self_attn.q_proj")), map(normal, by_linear(".self_attn.k_proj")),
               map(normal, by_linear(".self_attn.v_proj")), static_cast<size_t>(tower.heads), causal);
    add(x, map(attended, by_linear(".self_attn.out_proj")));
    Rows inner = map(map(x, by_norm(".layer_norm2")), by_linear(".mlp.fc1"));
    for (Row& row : inner) {
      for (double& value : row) value = activate(tower.activation, value);
    }
    add(x, map(inner, by_linear(".mlp.fc2")));
  }
  return x;
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
  const auto& class_embedding = values(weights, "vision_model.embeddings.class_embedding");
  Rows tokens(grid * grid + 1, Row(hidden));
  for (size_t h = 0; h < hidden; ++h) tokens[0][h] = class_embedding[h];
  for (size_t token = 1; token < tokens.size(); ++token) {
    const size_t top = (token - 1) / grid * patch, left = (token - 1) % grid * patch;
    for (size_t h = 0; h < hidden; ++h) {
      for (size_t c = 0; c < 3; ++c) {
        for (size_t y = 0; y < patch; ++y) {
          for (size_t x = 0; x < patch; ++x) {
            const double pixel = pixels[((top + y) * size + left + x) * 3 + c] / 255.0;
            tokens[token][h] += kernel[((h * 3 + c) * patch + y) * patch + x] *
                                (pixel - preprocessing.mean[c]) / preprocessing.std[c];
          }
        }
      }
    }
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (size_t h = 0; h < hidden; ++h) tokens[i][h] += position[i * hidden + h];
    tokens[i] = layer_norm(weights, "vision_model.pre_layrnorm", config.vision.layer_norm_eps, tokens[i]);
  }
  const Rows encoded = encode(config.vision, weights, "vision_model", tokens, false);
  return unit(
      linear(weights, "visual_projection",
             layer_norm(weights, "vision_model.post_layernorm", config.vision.layer_norm_eps, encoded[0])));
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
    }
  }
  const auto end = config.end_of_text_id < 0 ? std::ranges::max_element(ids)
                                             : std::ranges::find(ids, config.end_of_text_id);
  const Row wanted =
      encode(config.text, weights, "text_model", tokens, true)[static_cast<size_t>(end - ids.begin())];
  return unit(linear(weights, "text_projection",
                     layer_norm(weights, "text_model.final_layer_norm", config.text.layer_norm_eps, wanted)));
}

}  // namespace clip4j::test

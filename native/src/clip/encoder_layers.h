#pragma once

#include <string>

#include "base/error.h"
#include "clip/weights.h"

namespace clip4j {

// Declares the tensors of an encoder's layers, PREFIX.encoder.layers.N..., whatever computes them: each layer
// has norm1, qkv, out and norm2, and declare_mlp(layer, name) does its MLP.
template <typename Layers, typename DeclareMlp>
void declare_layers(Weights& weights, const std::string& prefix, Layers& layers,
                    const DeclareMlp& declare_mlp) {
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string name = text(prefix, ".encoder.layers.", i);
    auto& layer = layers[i];
    layer.norm1.declare(weights, name + ".layer_norm1");
    layer.qkv.declare(weights,
                      {name + ".self_attn.q_proj", name + ".self_attn.k_proj", name + ".self_attn.v_proj"});
    layer.out.declare(weights, {name + ".self_attn.out_proj"});
    layer.norm2.declare(weights, name + ".layer_norm2");
    declare_mlp(layer, name + ".mlp");
  }
}

}  // namespace clip4j

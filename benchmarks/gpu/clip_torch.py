"""CLIP's two towers in plain torch, with random weights, and their folder as Hugging Face has it, for encode.py."""

import ctypes
import dataclasses
import json
import struct

import torch
from torch import nn
from torch.nn import functional

MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
SIDE, LENGTH = 224, 77


@dataclasses.dataclass
class Size:
    name: str
    patch: int
    vision: tuple  # hidden, layers, heads
    text: tuple
    projection: int


SIZES = [Size("ViT-B-32", 32, (768, 12, 12), (512, 12, 8), 512), Size("ViT-L-14", 14, (1024, 24, 16), (768, 12, 12), 768),
         Size("small", 32, (128, 2, 2), (64, 2, 2), 64)]


class Layer(nn.Module):
    """One block of CLIP's, with its three input matrices in one."""

    def __init__(self, hidden, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.fc1, self.fc2 = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)

    def forward(self, x):
        parts = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*parts, is_causal=self.causal)
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        between = self.fc1(self.norm2(x))
        return x + self.fc2(between * torch.sigmoid(1.702 * between))

    def tensors(self, name):
        for part, its in [("layer_norm1", self.norm1), ("layer_norm2", self.norm2), ("self_attn.out_proj", self.out),
                          ("mlp.fc1", self.fc1), ("mlp.fc2", self.fc2)]:
            yield from {f"{name}.{part}.weight": its.weight, f"{name}.{part}.bias": its.bias}.items()
        for kind, all_three in [("weight", self.qkv.weight), ("bias", self.qkv.bias)]:
            for part, its in zip("qkv", all_three.chunk(3)):
                yield f"{name}.self_attn.{part}_proj.{kind}", its


class Vision(nn.Module):
    def __init__(self, size):
        super().__init__()
        hidden, layers, heads = size.vision
        self.patches = nn.Conv2d(3, hidden, size.patch, size.patch, bias=False)
        self.start, self.positions = nn.Parameter(torch.zeros(hidden)), nn.Embedding((SIDE // size.patch) ** 2 + 1, hidden)
        self.before, self.after = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.layers = nn.ModuleList(Layer(hidden, heads, False) for _ in range(layers))
        self.projection = nn.Linear(hidden, size.projection, bias=False)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.start.expand(len(x), 1, -1), x], 1) + self.positions.weight
        x = self.before(x)
        for layer in self.layers:
            x = layer(x)
        return functional.normalize(self.projection(self.after(x[:, 0])), dim=-1)

    def tensors(self):
        name = "vision_model."
        yield name + "embeddings.class_embedding", self.start
        yield name + "embeddings.patch_embedding.weight", self.patches.weight
        yield name + "embeddings.position_embedding.weight", self.positions.weight
        for part, its in [("pre_layrnorm", self.before), ("post_layernorm", self.after)]:
            yield from {f"{name}{part}.weight": its.weight, f"{name}{part}.bias": its.bias}.items()
        for n, layer in enumerate(self.layers):
            yield from layer.tensors(f"{name}encoder.layers.{n}")
        yield "visual_projection.weight", self.projection.weight


class Text(nn.Module):
    def __init__(self, size, words):
        super().__init__()
        hidden, layers, heads = size.text
        self.words, self.positions, self.after = nn.Embedding(words, hidden), nn.Embedding(LENGTH, hidden), nn.LayerNorm(hidden)
        self.layers = nn.ModuleList(Layer(hidden, heads, True) for _ in range(layers))
        self.projection = nn.Linear(hidden, size.projection, bias=False)

    def forward(self, ids, ends):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        x = self.after(x[torch.arange(len(x), device=x.device), ends])
        return functional.normalize(self.projection(x), dim=-1)

    def tensors(self):
        name = "text_model."
        yield name + "embeddings.token_embedding.weight", self.words.weight
        yield name + "embeddings.position_embedding.weight", self.positions.weight
        yield name + "final_layer_norm.weight", self.after.weight
        yield name + "final_layer_norm.bias", self.after.bias
        for n, layer in enumerate(self.layers):
            yield from layer.tensors(f"{name}encoder.layers.{n}")
        yield "text_projection.weight", self.projection.weight


def make(size, words):
    torch.manual_seed(7)
    vision, text = Vision(size), Text(size, words)
    for tower in (vision, text):
        for parameter in tower.parameters():  # else all inputs get nearly the same row
            parameter.data += 0.02 * torch.randn_like(parameter)
        tower.eval().requires_grad_(False)
    return vision, text


def save(size, vision, text, tokenizer, folder):
    """A model's folder in Hugging Face's layout."""
    vocabulary = tokenizer["model"]["vocab"]

    def tower(hidden, layers, heads, **more):
        return dict(hidden_size=hidden, intermediate_size=4 * hidden, num_hidden_layers=layers, num_attention_heads=heads, **more)

    (folder / "config.json").write_text(json.dumps(dict(
        model_type="clip", projection_dim=size.projection, vision_config=tower(*size.vision, patch_size=size.patch, image_size=SIDE),
        text_config=tower(*size.text, vocab_size=len(vocabulary), max_position_embeddings=LENGTH,
                          bos_token_id=vocabulary["<|startoftext|>"], eos_token_id=vocabulary["<|endoftext|>"]))))
    (folder / "preprocessor_config.json").write_text(json.dumps(dict(
        image_processor_type="CLIPImageProcessor", do_resize=True, size=dict(shortest_edge=SIDE), resample=3, do_center_crop=True,
        crop_size=dict(height=SIDE, width=SIDE), do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=MEAN,
        image_std=STD)))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    tensors = dict([*vision.tensors(), *text.tensors(), ("logit_scale", torch.tensor(2.6592))])
    header, place = {}, 0
    for name, tensor in tensors.items():
        header[name] = dict(dtype="F32", shape=list(tensor.shape), data_offsets=[place, place + 4 * tensor.numel()])
        place += 4 * tensor.numel()
    text_of_header = json.dumps(header).encode()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text_of_header)) + text_of_header)
        for tensor in tensors.values():
            tensor = tensor.contiguous()
            file.write(ctypes.string_at(tensor.data_ptr(), 4 * tensor.numel()))

"""CLIP's two towers, written for training speed on a CPU: fused projections, dropped patches, no padding to the full length.

The weights carry over to Hugging Face's CLIPModel exactly (state_for_transformers). The activation is quick_gelu; it is computed
as silu, one fused operation, on weights that hold the factor 1.702: quick_gelu(x) = x sigmoid(1.702 x) = silu(1.702 x) / 1.702.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

QUICK = 1.702
BLANK = 0.06  # the variance within a patch that shows nothing but a background (noise included) stays below
ROLES = 4  # above, below, left, right


@dataclass(frozen=True)
class Shape:
    image: int = 64
    patch: int = 8
    vision_width: int = 192
    vision_layers: int = 6
    text_width: int = 192
    text_layers: int = 4
    tokens: int = 32
    vocabulary: int = 5514
    head: int = 64
    projection: int = 192


class Block(nn.Module):
    def __init__(self, width: int, head: int):
        super().__init__()
        self.heads, self.head = width // head, head
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask=None):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, self.head).permute(2, 0, 3, 1, 4)
        scores = (q * self.head**-0.5) @ k.transpose(-1, -2)
        if mask is not None:
            scores = scores + mask[:length, :length]
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.out(mixed)
        return x + self.down(F.silu(self.up(self.norm2(x))))


class Vision(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.patch, count = s.patch, (s.image // s.patch) ** 2
        self.embed = nn.Linear(3 * s.patch**2, s.vision_width, bias=False)
        self.cls, self.position = nn.Parameter(torch.zeros(s.vision_width)), nn.Parameter(torch.zeros(count + 1, s.vision_width))
        self.pre, self.post = nn.LayerNorm(s.vision_width), nn.LayerNorm(s.vision_width)
        self.blocks = nn.ModuleList(Block(s.vision_width, s.head) for _ in range(s.vision_layers))
        self.project = nn.Linear(s.vision_width, s.projection, bias=False)

    def forward(self, pixels, keep: int = 0):
        """`keep` patches of each picture, drawn at random, those that show something sooner; 0 keeps all."""
        patches = F.unfold(pixels, self.patch, stride=self.patch).transpose(1, 2)
        position = self.position[1:].expand(len(pixels), -1, -1)
        if keep:
            something = patches.unflatten(2, (3, -1)).var(3).mean(2) > BLANK
            chosen = (torch.rand(patches.shape[:2], device=pixels.device) + 0.6 * something).topk(keep).indices[..., None]
            patches = patches.gather(1, chosen.expand(-1, -1, patches.shape[2]))
            position = position.gather(1, chosen.expand(-1, -1, position.shape[2]))
        x = self.embed(patches.to(self.embed.weight.dtype)) + position
        x = self.pre(torch.cat([(self.cls + self.position[0]).expand(len(x), 1, -1), x], 1))
        for block in self.blocks:
            x = block(x)
        return self.project(self.post(x[:, 0]))


class Text(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.embed, self.position = nn.Embedding(s.vocabulary, s.text_width), nn.Parameter(torch.zeros(s.tokens, s.text_width))
        self.blocks = nn.ModuleList(Block(s.text_width, s.head) for _ in range(s.text_layers))
        self.final, self.project = nn.LayerNorm(s.text_width), nn.Linear(s.text_width, s.projection, bias=False)
        self.register_buffer("mask", torch.full((s.tokens, s.tokens), -1e4).triu(1), persistent=False)

    def forward(self, ids, end):
        """`end` is where each row's end-of-text stands."""
        x = self.embed(ids) + self.position[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, self.mask)
        return self.project(self.final(x[torch.arange(len(x)), end]))


class Clip(nn.Module):
    """The towers and, for training alone: one learned direction a concept that both towers are drawn to, one for no concept, and a
    map a role from a scene's embedding to the direction of what plays that role in it."""

    def __init__(self, shape: Shape, concepts: int):
        super().__init__()
        self.shape, self.vision, self.text = shape, Vision(shape), Text(shape)
        self.logit_scale, self.concept_scale = nn.Parameter(torch.tensor(2.66)), nn.Parameter(torch.tensor(3.0))
        self.concepts = nn.Parameter(torch.randn(concepts + 1, shape.projection) * shape.projection**-0.5)
        # Rotations that have nothing in common: were they alike, nothing would tell the roles apart, and nothing would be learned.
        self.roles = nn.Parameter(torch.linalg.qr(torch.randn(ROLES, shape.projection, shape.projection))[0])
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, Block):
                nn.init.normal_(module.out.weight, std=module.out.in_features**-0.5 / 3)
                nn.init.normal_(module.down.weight, std=module.down.in_features**-0.5 / 3)
        for parameter in (self.vision.cls, self.vision.position, self.text.position, self.text.embed.weight):
            nn.init.normal_(parameter, std=0.02)


def config_for_transformers(s: Shape) -> dict:
    common = dict(hidden_act="quick_gelu", projection_dim=s.projection)
    return dict(
        projection_dim=s.projection,
        text_config=dict(
            common, vocab_size=s.vocabulary, hidden_size=s.text_width, intermediate_size=4 * s.text_width,
            num_hidden_layers=s.text_layers, num_attention_heads=s.text_width // s.head, max_position_embeddings=s.tokens,
            bos_token_id=s.vocabulary - 2, eos_token_id=s.vocabulary - 1, pad_token_id=s.vocabulary - 1,
        ),
        vision_config=dict(
            common, hidden_size=s.vision_width, intermediate_size=4 * s.vision_width, num_hidden_layers=s.vision_layers,
            num_attention_heads=s.vision_width // s.head, image_size=s.image, patch_size=s.patch,
        ),
    )  # fmt: skip


def state_for_transformers(state: dict[str, torch.Tensor], s: Shape) -> dict[str, torch.Tensor]:
    out = {
        "logit_scale": state["logit_scale"],
        "visual_projection.weight": state["vision.project.weight"],
        "text_projection.weight": state["text.project.weight"],
        "vision_model.embeddings.class_embedding": state["vision.cls"],
        "vision_model.embeddings.patch_embedding.weight": state["vision.embed.weight"].view(-1, 3, s.patch, s.patch),
        "vision_model.embeddings.position_embedding.weight": state["vision.position"],
        "text_model.embeddings.token_embedding.weight": state["text.embed.weight"],
        "text_model.embeddings.position_embedding.weight": state["text.position"],
    }
    norms = {"vision.pre": "vision_model.pre_layrnorm", "vision.post": "vision_model.post_layernorm",
             "text.final": "text_model.final_layer_norm"}  # fmt: skip
    for tower, layers in (("vision", s.vision_layers), ("text", s.text_layers)):
        for i in range(layers):
            ours, theirs = f"{tower}.blocks.{i}", f"{tower}_model.encoder.layers.{i}"
            norms |= {f"{ours}.norm1": f"{theirs}.layer_norm1", f"{ours}.norm2": f"{theirs}.layer_norm2"}
            for kind in ("weight", "bias"):
                for name, part in zip("qkv", state[f"{ours}.qkv.{kind}"].chunk(3)):
                    out[f"{theirs}.self_attn.{name}_proj.{kind}"] = part
                out[f"{theirs}.self_attn.out_proj.{kind}"] = state[f"{ours}.out.{kind}"]
                out[f"{theirs}.mlp.fc1.{kind}"] = state[f"{ours}.up.{kind}"] / QUICK
            out[f"{theirs}.mlp.fc2.weight"] = state[f"{ours}.down.weight"] * QUICK
            out[f"{theirs}.mlp.fc2.bias"] = state[f"{ours}.down.bias"]
    for ours, theirs in norms.items():
        for kind in ("weight", "bias"):
            out[f"{theirs}.{kind}"] = state[f"{ours}.{kind}"]
    return {name: tensor.contiguous() for name, tensor in out.items()}


def state_from_transformers(state: dict[str, torch.Tensor], s: Shape) -> dict[str, torch.Tensor]:
    """The way back, to start from a model of the same widths; its patches may be larger than ours."""
    kernel = state["vision_model.embeddings.patch_embedding.weight"]
    position = state["vision_model.embeddings.position_embedding.weight"]
    theirs, ours = round((len(position) - 1) ** 0.5), s.image // s.patch
    if theirs != ours:
        # What their patch answers to ours, enlarged: the transpose of enlarging, applied to the kernel.
        enlarge = F.interpolate(torch.eye(s.patch**2).view(-1, 1, s.patch, s.patch), kernel.shape[-1], mode="bilinear")
        kernel = kernel.flatten(2) @ enlarge.flatten(1).T
        grid = position[1:].T.reshape(1, -1, theirs, theirs)
        grid = F.interpolate(grid, ours, mode="bicubic").flatten(2)[0].T
        position = torch.cat([position[:1], grid])
    out = {
        "logit_scale": state["logit_scale"],
        "vision.project.weight": state["visual_projection.weight"],
        "text.project.weight": state["text_projection.weight"],
        "vision.cls": state["vision_model.embeddings.class_embedding"],
        "vision.embed.weight": kernel.flatten(1),
        "vision.position": position,
        "text.embed.weight": state["text_model.embeddings.token_embedding.weight"],
        "text.position": state["text_model.embeddings.position_embedding.weight"],
    }
    for kind in ("weight", "bias"):
        out[f"vision.pre.{kind}"] = state[f"vision_model.pre_layrnorm.{kind}"]
        out[f"vision.post.{kind}"] = state[f"vision_model.post_layernorm.{kind}"]
        out[f"text.final.{kind}"] = state[f"text_model.final_layer_norm.{kind}"]
        for tower, layers in (("vision", s.vision_layers), ("text", s.text_layers)):
            for i in range(layers):
                mine, its = f"{tower}.blocks.{i}", f"{tower}_model.encoder.layers.{i}"
                out[f"{mine}.norm1.{kind}"] = state[f"{its}.layer_norm1.{kind}"]
                out[f"{mine}.norm2.{kind}"] = state[f"{its}.layer_norm2.{kind}"]
                out[f"{mine}.qkv.{kind}"] = torch.cat([state[f"{its}.self_attn.{n}_proj.{kind}"] for n in "qkv"])
                out[f"{mine}.out.{kind}"] = state[f"{its}.self_attn.out_proj.{kind}"]
                out[f"{mine}.up.{kind}"] = state[f"{its}.mlp.fc1.{kind}"] * QUICK
                out[f"{mine}.down.{kind}"] = state[f"{its}.mlp.fc2.{kind}"] / (QUICK if kind == "weight" else 1)
    return out

"""Makes this folder: tiny OpenCLIP models with random weights, and what OpenCLIP says of tiny-clip's pictures.

pip install torch==2.10.0 torchvision==0.25.0 open_clip_torch==3.3.0 pillow==13.0.0; then: python make.py
Also writes pytorch_model.bin: tiny-clip's weights as transformers' first conversions of CLIP have them, with
projections that are transposed views. And archive/, a model in the layout of OpenAI's own .pt files.
"""

import gzip
import json
import pathlib
import tempfile

import torch
from open_clip.model import CLIP, CustomTextCLIP, convert_weights_to_fp16, resize_pos_embed
from open_clip.openai import load_openai_model
from open_clip.tokenizer import SimpleTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
TINY = HERE.parent / "tiny-clip"
TEXTS = ["a photo of a cat", "", "The THE the\t\n  the", "it's we'll they've I'm you'd", "12345 3.14", "\u732b cat", "very long " * 40]
PICTURES = ["rgb.png", "photo.jpg", "grey.jpg", "lossless.webp"]
VOCABULARY = 529  # of tiny-clip
MODELS = {
    "openai": {
        "model_cfg": {
            "embed_dim": 16,
            "quick_gelu": True,
            "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
            "text_cfg": {"context_length": 32, "vocab_size": VOCABULARY, "width": 32, "heads": 2, "layers": 2},
        },
        "preprocess_cfg": {},
    },
    "squash": {
        "model_cfg": {
            "embed_dim": 12,
            "vision_cfg": {"image_size": 24, "layers": 3, "width": 24, "head_width": 8, "mlp_ratio": 3.5, "patch_size": 12, "patch_dropout": 0.5},
            "text_cfg": {"context_length": 16, "vocab_size": VOCABULARY, "width": 16, "heads": 4, "layers": 1, "mlp_ratio": 2.0},
        },
        "preprocess_cfg": {"mean": [0.5, 0.4, 0.3], "std": [0.5, 0.25, 0.2], "interpolation": "bilinear", "resize_mode": "squash"},
    },
    "custom": {
        "model_cfg": {
            "embed_dim": 20,
            "custom_text": True,
            "vision_cfg": {"image_size": [28, 28], "layers": 1, "width": 16, "head_width": 8, "patch_size": 9},
            "text_cfg": {"context_length": 20, "vocab_size": VOCABULARY, "width": 16, "heads": 1, "layers": 2},
        },
        "preprocess_cfg": {"interpolation": "bicubic", "resize_mode": "shortest"},
    },
}


def representable(value):
    """The nearest bfloat16 that float16 holds too."""
    rounded = value.to(torch.bfloat16).float()
    return torch.where(rounded.abs() < 2.0**-14, torch.zeros_like(rounded), rounded)


def build(config):
    arguments = dict(config)
    model = (CustomTextCLIP if arguments.pop("custom_text", False) else CLIP)(**arguments).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter) * (0.25 if parameter.dim() > 1 else 0.1)
            parameter.copy_(representable(parameter + noise if "ln_" in name else noise))
        model.logit_scale.fill_(3.0)
    return model


def tokenizer(length):
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(gzip.compress((TINY / "merges.txt").read_bytes().rstrip(b"\n")))
        file.flush()
        return SimpleTokenizer(file.name, context_length=length)


def with_image_size(config, size):
    model = config["model_cfg"]
    return config | {"model_cfg": model | {"vision_cfg": model["vision_cfg"] | {"image_size": size}}}


def at_other_sizes(model, config):
    """A larger and a smaller one, as open_clip.create_model does it with force_image_size."""
    results = {}
    for size in (config["model_cfg"]["vision_cfg"]["patch_size"] * 2 - 1, 61):
        other = with_image_size(config, size)
        resized = build(other["model_cfg"])
        state = model.state_dict()
        resize_pos_embed(state, resized)
        resized.load_state_dict(state)
        results[size] = expected(resized, other)
    return results


def expected(model, config):
    size = config["model_cfg"]["vision_cfg"]["image_size"]
    preprocess = image_transform_v2(PreprocessCfg(size=size, **config["preprocess_cfg"]), is_train=False)
    tokenize = tokenizer(config["model_cfg"]["text_cfg"]["context_length"])
    texts, images = [], []
    with torch.no_grad():
        for text in TEXTS:
            tokens = tokenize([text])
            ids = tokens[0, : int(tokens[0].argmax()) + 1].tolist()
            texts.append({"text": text, "ids": ids, "embedding": model.encode_text(tokens, normalize=True)[0].tolist()})
        for name in PICTURES:
            pixels = preprocess(Image.open(TINY / name)).unsqueeze(0)
            images.append({"file": name, "embedding": model.encode_image(pixels, normalize=True)[0].tolist()})
    return {"texts": texts, "images": images}


def write_expected(folder, model, config):
    state = torch.get_rng_state()
    results = expected(model, config) | {"at_other_sizes": at_other_sizes(model, config)}
    torch.set_rng_state(state)
    (folder / "expected.json").write_text(json.dumps(results), encoding="utf-8")


def write_archive(folder):
    """A traced model, half of it in float16, with its causal mask among the constants, as OpenAI published theirs."""
    torch.manual_seed(8)
    config = {
        "embed_dim": 24,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 30, "layers": 2, "width": 64, "head_width": 64, "patch_size": 10},
        "text_cfg": {"context_length": 32, "vocab_size": VOCABULARY, "width": 64, "heads": 1, "layers": 1},
    }
    model = build(config)
    mask = model.attn_mask
    del model.attn_mask
    model.attn_mask = mask
    for name, value in [("input_resolution", 30), ("context_length", 32), ("vocab_size", VOCABULARY)]:
        for attribute in [name] * hasattr(model, name):
            delattr(model, attribute)
        model.register_buffer(name, torch.tensor(value))
    archive = torch.jit.trace(model, (torch.zeros(1, 3, 30, 30), torch.zeros(1, 32, dtype=torch.int)), check_trace=False)
    half = CLIP(**config)
    convert_weights_to_fp16(half)
    for name, parameter in half.named_parameters():
        traced = archive.get_parameter(name)
        traced.data = traced.data.to(parameter.dtype)
    folder.mkdir(exist_ok=True)
    archive.save(str(folder / "Tiny.pt"))
    read = load_openai_model(str(folder / "Tiny.pt"), precision="fp32", device="cpu")
    write_expected(folder, read, {"model_cfg": config, "preprocess_cfg": {}})


def main():
    write_archive(HERE / "archive")
    torch.manual_seed(7)
    for name, config in MODELS.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        model = build(config["model_cfg"])
        (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        write_expected(folder, model, config)
        state = model.state_dict()
        if name == "openai":
            state = {key: value.bfloat16() for key, value in state.items()}
            torch.save(state, folder / "open_clip_pytorch_model.bin")
        elif name == "squash":
            save_file(state, folder / "open_clip_model.safetensors")
        else:
            state = {key: value.half() for key, value in state.items()}
            torch.save(state, folder / "open_clip_pytorch_model.bin", _use_new_zipfile_serialization=False)
    weights = load_file(TINY / "model.safetensors")
    for key in ["visual_projection.weight", "text_projection.weight"]:
        weights[key] = weights[key].t().contiguous().t()
    torch.save(weights, HERE / "pytorch_model.bin")


main()

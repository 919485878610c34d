"""Makes this folder: a tiny CLIP model with random weights, pictures, and what transformers says of them.

pip install torch==2.10.0 transformers==5.23.0 pillow==13.0.0 numpy==2.4.6; then: python make.py
Every weight is exact in bfloat16 and in float16, so that the tests can store it either way and expect the same rows.
"""

import json
import pathlib

import numpy as np
import torch
from PIL import Image
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "a photo of a cat",
    "",
    "The THE the\t\n  the",
    "it's we'll they've I'm you'd 'S",
    "12345 3.14 \u0661\u0662 \u00bd",
    "caf\u00e9 cafe\u0301 \u1e9b\u0323 \ufb01 \u0130stanbul",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e8\U0001f1ed \U0001f44d\U0001f3fd",
    "a\u0000b\u200bc\ufeffd\u00a0e\u3000f",
    "hello <|endoftext|> again <|startoftext|> <|ENDOFTEXT|>",
    "\u732b\u3068\u72ac \ud55c\uad6d\uc5b4",
    "very long " * 40,
]


def representable(value):
    """The nearest bfloat16 that float16 holds too."""
    rounded = value.to(torch.bfloat16).float()
    return torch.where(rounded.abs() < 2.0**-14, torch.zeros_like(rounded), rounded)


def write_tokenizer():
    alphabet = sorted(ByteLevel.alphabet())
    merges = ["a t</w>", "c at</w>", "t h", "th e</w>", "p h", "o t", "ph ot", "phot o</w>", "o f</w>", "l o", "n g</w>", "v e", "r y</w>", "ve ry</w>", "lo ng</w>"]
    words = alphabet + [c + "</w>" for c in alphabet] + ["".join(m.split()) for m in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: i for i, word in enumerate(words)}
    (HERE / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (HERE / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    return vocabulary


def write_pictures():
    rgb = Image.new("RGB", (45, 60))
    rgb.putdata([((x * 5) % 256, (y * 4) % 256, (x * y) % 256) for y in range(60) for x in range(45)])
    rgb.save(HERE / "rgb.png")
    rgb.resize((90, 50)).save(HERE / "photo.jpg", quality=90)
    rgb.convert("L").save(HERE / "grey.jpg", quality=90)
    rgb.convert("P", palette=Image.ADAPTIVE, colors=16).save(HERE / "palette.png", transparency=3)
    rgb.save(HERE / "lossless.webp", lossless=True)
    rgb.resize((20, 100)).convert("P", palette=Image.ADAPTIVE, colors=32).save(HERE / "tall.gif")
    return ["rgb.png", "photo.jpg", "grey.jpg", "palette.png", "lossless.webp", "tall.gif"]


def embed(model, tokenizer, processor, pictures, **options):
    def unit(features):
        return (features / features.norm(dim=-1, keepdim=True))[0].tolist()

    texts, images = [], []
    with torch.no_grad():
        for text in TEXTS:
            tokens = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            features = model.text_projection(model.text_model(**tokens).pooler_output)
            texts.append({"text": text, "ids": tokens["input_ids"][0].tolist(), "embedding": unit(features)})
        for name in pictures:
            # As an array, which carries no transparency: transformers before 5 drops it, from then on it
            # composites over white.
            pixels = processor(np.asarray(Image.open(HERE / name).convert("RGB")), return_tensors="pt")
            features = model.visual_projection(model.vision_model(**pixels, **options).pooler_output)
            images.append({"file": name, "embedding": unit(features)})
    return {"texts": texts, "images": images}


def main():
    torch.manual_seed(7)
    vocabulary = write_tokenizer()
    end = vocabulary["<|endoftext|>"]
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        projection_dim=16,
        text_config=tower | {"vocab_size": len(vocabulary), "max_position_embeddings": 32, "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end},
        vision_config=tower | {"image_size": 32, "patch_size": 8},
    )
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.25 if parameter.dim() > 1 else 0.1
            noise = torch.randn_like(parameter) * spread
            parameter.copy_(representable(parameter + noise if "norm" in name else noise))
        model.logit_scale.fill_(3.0)
    tokenizer = CLIPTokenizer.from_pretrained(HERE)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor.save_pretrained(HERE)
    pictures = write_pictures()
    expected = embed(model, tokenizer, processor, pictures)
    larger = CLIPImageProcessorPil(size={"shortest_edge": 53}, crop_size={"height": 53, "width": 53})
    expected["at_53_pixels"] = embed(model, tokenizer, larger, pictures, interpolate_pos_encoding=True)
    for block in [*model.text_model.encoder.layers, *model.vision_model.encoder.layers]:
        block.mlp.activation_fn = torch.nn.GELU()
    expected["gelu"] = embed(model, tokenizer, processor, pictures)
    (HERE / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    model.to(torch.bfloat16).save_pretrained(HERE)


main()

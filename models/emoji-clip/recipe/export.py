#!/usr/bin/env python3
"""Writes a trained model as the folder that is shipped: Hugging Face's CLIP layout, weights in bf16.

    python export.py work/trained .. && ../../manifest.py ..
"""

import pathlib
import sys
import tempfile

import torch
from transformers import CLIPImageProcessor, CLIPModel, CLIPProcessor

import data
import train


def main() -> None:
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    side = {"height": data.IMAGE, "width": data.IMAGE}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        CLIPModel.from_pretrained(source).to(torch.bfloat16).save_pretrained(folder)
        CLIPImageProcessor(size={"shortest_edge": data.IMAGE}, crop_size=side).save_pretrained(folder)
        for file in ("config.json", "model.safetensors", "preprocessor_config.json"):
            (target / file).write_bytes((folder / file).read_bytes())
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (target / file).write_bytes((train.TOKENIZER / file).read_bytes())
    CLIPModel.from_pretrained(target)
    CLIPProcessor.from_pretrained(target)


if __name__ == "__main__":
    main()

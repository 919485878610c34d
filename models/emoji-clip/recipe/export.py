#!/usr/bin/env python3
"""Writes the trained weights as the folder that is shipped: Hugging Face's CLIP layout in bf16.

    python export.py ..

The tokenizer's files stay as they are: training used them.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

from model import Shape, config_for_transformers, state_for_transformers
from train import RUN

FILES = ("config.json", "model.safetensors", "preprocessor_config.json")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("target", type=Path)
    target = arguments.parse_args().target
    saved = torch.load(RUN / "weights.pt", weights_only=True, map_location="cpu")
    shape = Shape(**saved["shape"])
    model = CLIPModel(CLIPConfig(**config_for_transformers(shape)))
    missing, unknown = model.load_state_dict(state_for_transformers(saved["weights"], shape), strict=False)
    if unknown or any(not name.endswith("position_ids") for name in missing):
        raise SystemExit(f"weights do not fit: {missing} {unknown}")
    side = {"height": shape.image, "width": shape.image}
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.to(torch.bfloat16).save_pretrained(folder)
        CLIPImageProcessor(size={"shortest_edge": shape.image}, crop_size=side).save_pretrained(folder)
        for file in FILES:
            (target / file).write_bytes((folder / file).read_bytes())
    CLIPModel.from_pretrained(target)
    CLIPProcessor.from_pretrained(target)
    print(json.dumps({"step": saved["step"], "minutes": round(saved["spent"] / 60, 1)}))


if __name__ == "__main__":
    main()

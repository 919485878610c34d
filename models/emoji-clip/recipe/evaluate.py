#!/usr/bin/env python3
"""Measures a model: picture -> label among the concepts it learned, per drawing style.

    python evaluate.py ..            # the shipped model
    python evaluate.py work/trained
"""

import sys

import torch
import torch.nn.functional as F
from transformers import AutoTokenizer, CLIPModel

import data

STYLES = ("noto", "twemoji", "emojione-v1", "openmoji")  # the last two were never trained on


def embed(model, tokens, pixels: torch.Tensor | None = None, texts: list[str] | None = None) -> torch.Tensor:
    """Unit rows of the model's pictures or texts."""
    if texts is not None:
        batch = tokens(texts, padding=True, truncation=True, return_tensors="pt")
        rows = model.get_text_features(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
    else:
        rows = model.get_image_features(pixel_values=pixels)
    # transformers 5 wraps the features in a model output.
    return F.normalize(getattr(rows, "pooler_output", rows).float(), dim=1)


@torch.inference_mode()
def recall(model, tokens, art: data.Artwork) -> dict[str, tuple[float, float]]:
    """R@1 and R@5 of each style."""
    model.eval()
    labels = torch.cat([embed(model, tokens, texts=art.labels[i : i + 256]) for i in range(0, len(art.labels), 256)])
    figures = {}
    for style in STYLES:
        which = art.of_set(style)
        pictures = torch.cat([embed(model, tokens, pixels=art.plain(part)) for part in which.split(256)])
        hits = (pictures @ labels.T).argsort(1, descending=True) == art.concept[which][:, None]
        figures[style] = tuple(round(hits[:, :k].any(1).float().mean().item(), 3) for k in (1, 5))
    model.train()
    return figures


if __name__ == "__main__":
    folder = sys.argv[1]
    art = data.Artwork()
    print(f"{len(art.labels)} concepts")
    print("| style | R@1 | R@5 |\n|---|---|---|")
    for style, (first, fifth) in recall(CLIPModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder), art).items():
        print(f"| {style} | {first:.3f} | {fifth:.3f} |")

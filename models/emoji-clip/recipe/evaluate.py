#!/usr/bin/env python3
"""Measures a model folder, as transformers loads it, and prints the model card's tables.

    python evaluate.py FOLDER
    python evaluate.py .. --write    # into figures.json, calibration.json and the card too

Everything is asked on clean pictures. Held-out styles, keywords and pairs of things are in no training picture or caption.
"""

import argparse
import json
import random
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

import artwork
import concepts as emoji
from captions import held_out, held_out_pair, with_article, words
from render import SPRITES

DEMO = Path(__file__).parents[3] / "java/clip4j-cli/src/main/resources/io/github/clip4j/cli/demo"
PAIRS, CANVAS, SPRITE = 1000, 160, 72
BINS = 10
BEGIN, END = "<!-- figures: evaluate.py --write -->", "<!-- /figures -->"


class Encoder:
    def __init__(self, folder: Path):
        self.model = CLIPModel.from_pretrained(folder).float().eval()
        self.tokens = AutoTokenizer.from_pretrained(folder)
        self.pixels = CLIPImageProcessor.from_pretrained(folder)

    @torch.inference_mode()
    def texts(self, texts: list[str]) -> torch.Tensor:
        rows = []
        for i in range(0, len(texts), 256):
            batch = self.tokens(texts[i : i + 256], padding=True, truncation=True, max_length=32, return_tensors="pt")
            rows.append(self.model.get_text_features(input_ids=batch.input_ids, attention_mask=batch.attention_mask))
        return self.unit(rows)

    @torch.inference_mode()
    def images(self, pictures: list[Image.Image]) -> torch.Tensor:
        rows = []
        for i in range(0, len(pictures), 256):
            batch = self.pixels(images=pictures[i : i + 256], return_tensors="pt")
            rows.append(self.model.get_image_features(pixel_values=batch.pixel_values))
        return self.unit(rows)

    @staticmethod
    def unit(rows: list) -> torch.Tensor:
        # transformers 5 wraps the features in a model output.
        return F.normalize(torch.cat([getattr(r, "pooler_output", r) for r in rows]).float(), dim=1)


def on_white(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


class Gallery:
    """Every drawing as its set has it: pictures, vectors, concepts, sets."""

    def __init__(self, encoder: Encoder):
        self.sprites, self.concept, self.set = [], [], []
        for name in artwork.TRAINING + artwork.HELD_OUT:
            drawn = np.load(SPRITES / f"{name}.npz")
            self.sprites += list(drawn["pixels"][:, 0])
            self.concept += drawn["concept"].tolist()
            self.set += [name] * len(drawn["concept"])
        self.concept = torch.tensor(self.concept)
        self.seen = torch.tensor([s in artwork.TRAINING for s in self.set])
        self.vectors = encoder.images([on_white(s) for s in self.sprites])


def label_recall(gallery: Gallery, labels: torch.Tensor) -> dict:
    """Picture -> CLDR label, among all concepts that any set draws."""
    known = torch.zeros(len(labels), dtype=torch.bool)
    known[gallery.concept] = True
    figures = {"concepts": int(known.sum())}
    for name in artwork.TRAINING + artwork.HELD_OUT:
        rows = torch.tensor([s == name for s in gallery.set])
        scores = (gallery.vectors[rows] @ labels.T).masked_fill(~known, -2)
        hits = scores.topk(5).indices == gallery.concept[rows][:, None]
        figures[name] = {"count": int(rows.sum()), "R@1": hits[:, 0].float().mean().item(), "R@5": hits.any(1).float().mean().item()}
    return figures


def keyword_recall(gallery: Gallery, concepts: list[emoji.Concept], encoder: Encoder) -> dict:
    """Keyword -> any drawing, in any style, of an emoji that CLDR gives it; only keywords that none of their labels has."""
    members: dict[str, set[int]] = {}
    for i, concept in enumerate(concepts):
        for keyword in concept.keywords:
            members.setdefault(keyword, set()).add(i)
    asked = sorted(k for k, m in members.items() if not any(words(k) <= words(concepts[i].label.lower()) for i in m))
    found = gallery.concept[(encoder.texts(asked) @ gallery.vectors.T).topk(10).indices]
    hits = {k: bool(members[k] & set(row.tolist())) for k, row in zip(asked, found)}
    figures = {}
    for name, chosen in (("trained on", [k for k in asked if not held_out(k)]), ("held out", [k for k in asked if held_out(k)])):
        figures[name] = {"count": len(chosen), "R@10": sum(hits[k] for k in chosen) / len(chosen)}
    return figures


def scene_picture(first: np.ndarray, second: np.ndarray, vertical: bool, chance: random.Random) -> Image.Image:
    colour = tuple(chance.choice(((255, 255, 255), (235, 240, 250), (200, 225, 255), (215, 240, 205), (250, 235, 215))))
    canvas = Image.new("RGBA", (CANVAS, CANVAS), colour)
    for place, sprite in enumerate((first, second)):
        along, across = 4 + place * (CANVAS - SPRITE - 8), (CANVAS - SPRITE) // 2 + chance.randint(-12, 12)
        thing = Image.fromarray(sprite).resize((SPRITE, SPRITE), Image.LANCZOS)
        canvas.alpha_composite(thing, (across, along) if vertical else (along, across))
    return canvas.convert("RGB")


def scene_choice(gallery: Gallery, concepts: list[emoji.Concept], encoder: Encoder, sets: tuple[str, ...]) -> dict:
    """Two things, never together in training: the right caption among eight."""
    chance = random.Random("scenes")
    drawn: dict[int, list[int]] = {}
    for row, (concept, name) in enumerate(zip(gallery.concept.tolist(), gallery.set)):
        if name in sets and concepts[concept].picturable:
            drawn.setdefault(concept, []).append(row)
    things, pictures, captions, vertical = sorted(drawn), [], [], []
    while len(pictures) < PAIRS:
        a, b, c, d = chance.sample(things, 4)
        if not held_out_pair(a, b):
            continue
        upright = chance.random() < 0.5
        ahead, behind = ("above", "below") if upright else ("to the left of", "to the right of")
        other = "to the left of" if upright else "above"
        if chance.random() < 0.5:  # the same said the other way round
            x, y, relation, opposite = a, b, ahead, behind
        else:
            x, y, relation, opposite = b, a, behind, ahead
        name = {t: with_article(concepts[t].label.lower()) for t in (a, b, c, d)}
        captions += [
            f"{name[x]} {relation} {name[y]}", f"{name[y]} {relation} {name[x]}", f"{name[x]} {opposite} {name[y]}",
            f"{name[x]} {other} {name[y]}", f"{name[y]} {other} {name[x]}",
            f"{name[c]} {relation} {name[y]}", f"{name[x]} {relation} {name[c]}", f"{name[c]} {relation} {name[d]}",
        ]  # fmt: skip
        sprites = [gallery.sprites[chance.choice(drawn[t])] for t in (a, b)]
        pictures.append(scene_picture(*sprites, upright, chance))
        vertical.append(upright)
    scores = torch.einsum("nd,ncd->nc", encoder.images(pictures), encoder.texts(captions).view(PAIRS, 8, -1))
    right = scores.argmax(1) == 0
    return {
        "of 8": right.float().mean().item(),
        "right rather than swapped": (scores[:, 0] > scores[:, 1]).float().mean().item(),
        "things right, whatever their relation": (scores.argmax(1) < 5).float().mean().item(),
    }


def matching(gallery: Gallery, labels: torch.Tensor) -> dict:
    """Match probability sigmoid(scale * cosine + offset): fitted on one half of the concepts, measured on the other."""
    chance = torch.Generator().manual_seed(0)
    known = gallery.concept.unique()
    wrong = known[torch.randint(len(known), gallery.concept.shape, generator=chance)]
    wrong = torch.where(wrong == gallery.concept, known[(torch.searchsorted(known, wrong) + 1) % len(known)], wrong)
    yes = (gallery.vectors * labels[gallery.concept]).sum(1)
    no = (gallery.vectors * labels[wrong]).sum(1)
    half = torch.tensor([zlib.crc32(f"match {c}".encode()) % 2 == 0 for c in gallery.concept.tolist()])
    scale, offset = platt(torch.cat([yes[half], no[half]]), torch.cat([torch.ones(int(half.sum())), torch.zeros(int(half.sum()))]))
    figures = {"scale": scale, "offset": offset}
    for name, rows in (("seen styles", ~half & gallery.seen), ("styles never seen", ~half & ~gallery.seen), ("all", ~half)):
        p = torch.sigmoid(scale * torch.cat([yes[rows], no[rows]]) + offset)
        truth = torch.cat([torch.ones(int(rows.sum())), torch.zeros(int(rows.sum()))])
        threshold = yes[rows].quantile(0.1)
        figures[name] = {
            "calibration error": expected_error(p, truth),
            "false matches at 90% recall": (no[rows] >= threshold).float().mean().item(),
            "right at 0.5": ((p > 0.5) == truth.bool()).float().mean().item(),
        }
    return figures


def platt(cosines: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    weights = torch.tensor([10.0, -3.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(weights[0] * cosines.double() + weights[1], truth.double())
        loss.backward()
        return loss

    optimizer.step(closure)
    return tuple(weights.tolist())


def expected_error(p: torch.Tensor, truth: torch.Tensor) -> float:
    bins = (p * BINS).long().clamp(max=BINS - 1)
    return sum(
        ((p[bins == b].mean() - truth[bins == b].mean()).abs() * (bins == b).float().mean()).item() for b in bins.unique()
    )


def demo_sentences(encoder: Encoder) -> dict:
    """The tutorial's sentences: the place of the scene that was drawn for each, among all demo scenes."""
    scenes = json.loads((DEMO / "demo.json").read_text())["scenes"]
    asked = [s for s in scenes if s.get("sentence")]
    pictures = encoder.images([Image.open(DEMO / s["file"]).convert("RGB") for s in scenes])
    scores = encoder.texts([s["sentence"] for s in asked]) @ pictures.T
    return {s["sentence"]: int((row > row[scenes.index(s)]).sum()) + 1 for s, row in zip(asked, scores)}


def measure(folder: Path) -> dict:
    encoder, concepts = Encoder(folder), emoji.load()
    gallery, labels = Gallery(encoder), encoder.texts([c.label for c in concepts])
    return {
        "label": label_recall(gallery, labels),
        "keyword": keyword_recall(gallery, concepts, encoder),
        "scene": {
            "seen styles": scene_choice(gallery, concepts, encoder, artwork.TRAINING),
            "styles never seen": scene_choice(gallery, concepts, encoder, artwork.HELD_OUT),
        },
        "match": matching(gallery, labels),
        "demo": demo_sentences(encoder),
    }


def table(figures: dict) -> str:
    label, lines = figures["label"], [f"Picture -> label among {figures['label']['concepts']}:\n", "| style | pictures | R@1 | R@5 | |", "|---|---|---|---|---|"]  # fmt: skip
    for name in artwork.TRAINING + artwork.HELD_OUT:
        row, note = label[name], "seen in training" if name in artwork.TRAINING else "style never seen"
        lines.append(f"| {name} | {row['count']} | {row['R@1']:.3f} | {row['R@5']:.3f} | {note} |")
    lines += ["", "| question | asked | answered right |", "|---|---|---|"]
    for name, row in figures["keyword"].items():
        lines.append(f"| keyword ({name}) -> a picture that has it among the first 10 | {row['count']} | {row['R@10']:.3f} |")
    for styles, row in figures["scene"].items():
        for name, value in row.items():
            lines.append(f"| scene of two, {styles}: {name} | {PAIRS} | {value:.3f} |")
    lines += ["", "| match | calibration error | false matches at 90% recall | right at 0.5 |", "|---|---|---|---|"]
    for name in ("seen styles", "styles never seen", "all"):
        row = figures["match"][name]
        lines.append(f"| {name} | " + " | ".join(f"{v:.3f}" for v in row.values()) + " |")
    lines += ["", "| the demo's sentence | place of its scene |", "|---|---|"]
    lines += [f"| {sentence} | {place} |" for sentence, place in figures["demo"].items()]
    return "\n".join(lines)


def write(folder: Path, figures: dict) -> None:
    """figures.json beside the recipe, the calibration beside the weights, the tables into the card."""
    (Path(__file__).parent / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    calibration = {"kind": "platt", "scale": round(figures["match"]["scale"], 4), "offset": round(figures["match"]["offset"], 4)}
    (folder / "calibration.json").write_text(json.dumps(calibration, indent=2) + "\n")
    card = (folder / "README.md").read_text()
    before, rest = card.split(BEGIN)
    (folder / "README.md").write_text(f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--write", action="store_true", help="into figures.json, calibration.json and the model card")
    options = arguments.parse_args()
    figures = measure(options.folder)
    if options.write:
        write(options.folder, figures)
    print(table(figures))

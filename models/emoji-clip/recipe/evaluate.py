#!/usr/bin/env python3
"""Measures a model folder, as transformers loads it, and prints the model card's tables.

    python evaluate.py FOLDER
    python evaluate.py .. --write    # into figures.json, calibration.json and the card too

Everything is asked on clean pictures. Held-out styles, keywords and pairs of things are in no training picture or caption.
"""

import argparse
import functools
import json
import operator
import random
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

import artwork
import card
import concepts as emoji
from captions import held_out, held_out_pair, with_article, words
from render import SPRITES

DEMO = Path(__file__).parents[3] / "java/clip4j-cli/src/main/resources/io/github/clip4j/cli/demo"
PAIRS, CANVAS, SPRITE = 1000, 160, 72
BINS = 10


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


class Scenes:
    """Pictures of two things that are never together in training, each with eight captions of which the first is right, the second
    has the things swapped, and the last speaks of other things."""

    def __init__(self, gallery: Gallery, concepts: list[emoji.Concept], encoder: Encoder, sets: tuple[str, ...]):
        chance = random.Random("scenes")
        drawn: dict[int, list[int]] = {}
        for row, (concept, name) in enumerate(zip(gallery.concept.tolist(), gallery.set)):
            if name in sets and concepts[concept].picturable:
                drawn.setdefault(concept, []).append(row)
        things, pictures, captions = sorted(drawn), [], []
        while len(pictures) < PAIRS:
            a, b, c, d = chance.sample(things, 4)
            if not held_out_pair(a, b):
                continue
            upright = chance.random() < 0.5
            name = {t: with_article(concepts[t].label.lower()) for t in (a, b, c, d)}
            captions += scene_captions(*(name[t] for t in (a, b, c, d)), upright, chance.random() < 0.5)
            sprites = [gallery.sprites[chance.choice(drawn[t])] for t in (a, b)]
            pictures.append(scene_picture(*sprites, upright, chance))
        self.vectors = encoder.images(pictures)
        self.captions = encoder.texts(captions).view(PAIRS, 8, -1)

    def choice(self) -> dict:
        """The right caption among the eight."""
        scores = torch.einsum("nd,ncd->nc", self.vectors, self.captions)
        return {
            "count": PAIRS,
            "of 8": (scores.argmax(1) == 0).float().mean().item(),
            "right rather than swapped": (scores[:, 0] > scores[:, 1]).float().mean().item(),
            "things right, whatever their relation": (scores.argmax(1) < 5).float().mean().item(),
        }


def scene_captions(a: str, b: str, c: str, d: str, upright: bool, forward: bool) -> list[str]:
    """Of a picture with `a` above (or to the left of) `b`, told from either side; `c` and `d` are not in it."""
    ahead, behind = ("above", "below") if upright else ("to the left of", "to the right of")
    other = "to the left of" if upright else "above"
    x, y, relation, opposite = (a, b, ahead, behind) if forward else (b, a, behind, ahead)
    return [
        f"{x} {relation} {y}", f"{y} {relation} {x}", f"{x} {opposite} {y}", f"{x} {other} {y}", f"{y} {other} {x}",
        f"{c} {relation} {y}", f"{x} {relation} {c}", f"{c} {relation} {d}",
    ]  # fmt: skip


class Pairs:
    """Cosines of pictures with a text that is theirs and with one that is not; `fitted` says which serve the calibration."""

    def __init__(self, yes: torch.Tensor, no: torch.Tensor, fitted: torch.Tensor):
        self.yes, self.no, self.fitted = yes, no, fitted

    @classmethod
    def of_labels(cls, gallery: Gallery, labels: torch.Tensor) -> "Pairs":
        """Every drawing with its label and with another; half of the concepts serve the calibration."""
        chance = torch.Generator().manual_seed(0)
        known = gallery.concept.unique()
        wrong = known[torch.randint(len(known), gallery.concept.shape, generator=chance)]
        wrong = torch.where(wrong == gallery.concept, known[(torch.searchsorted(known, wrong) + 1) % len(known)], wrong)
        half = torch.tensor([zlib.crc32(f"match {c}".encode()) % 2 == 0 for c in gallery.concept.tolist()])
        cosines = ((gallery.vectors * labels[concept]).sum(1) for concept in (gallery.concept, wrong))
        return cls(*cosines, half)

    @classmethod
    def of_scenes(cls, scenes: Scenes) -> "Pairs":
        """Every scene with its caption and with one of other things."""
        cosines = ((scenes.vectors * scenes.captions[:, i]).sum(1) for i in (0, 7))
        return cls(*cosines, torch.arange(PAIRS) < PAIRS // 2)

    def __getitem__(self, rows: torch.Tensor) -> "Pairs":
        return Pairs(self.yes[rows], self.no[rows], self.fitted[rows])

    def __add__(self, other: "Pairs") -> "Pairs":
        return Pairs(*(torch.cat(parts) for parts in zip(vars(self).values(), vars(other).values())))

    @property
    def cosines(self) -> torch.Tensor:
        return torch.cat([self.yes, self.no])

    @property
    def truth(self) -> torch.Tensor:
        return torch.cat([torch.ones_like(self.yes), torch.zeros_like(self.no)])


def matching(kinds: dict[str, Pairs]) -> dict:
    """Match probability sigmoid(scale * cosine + offset): fitted on one half of the pairs, measured on the other."""
    everything = functools.reduce(operator.add, kinds.values())
    fitted = everything[everything.fitted]
    scale, offset = platt(fitted.cosines, fitted.truth)
    figures = {"scale": scale, "offset": offset}
    for name, pairs in (kinds | {"all": everything}).items():
        asked = pairs[~pairs.fitted]
        p = torch.sigmoid(scale * asked.cosines + offset)
        figures[name] = {
            "calibration error": expected_error(p, asked.truth),
            "false matches at 90% recall": (asked.no >= asked.yes.quantile(0.1)).float().mean().item(),
            "right at 0.5": ((p > 0.5) == asked.truth.bool()).float().mean().item(),
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
    scenes = {
        "seen styles": Scenes(gallery, concepts, encoder, artwork.TRAINING),
        "styles never seen": Scenes(gallery, concepts, encoder, artwork.HELD_OUT),
    }
    pairs = Pairs.of_labels(gallery, labels)
    return {
        "label": label_recall(gallery, labels),
        "keyword": keyword_recall(gallery, concepts, encoder),
        "scene": {name: s.choice() for name, s in scenes.items()},
        "match": matching(
            {
                "seen styles": pairs[gallery.seen],
                "styles never seen": pairs[~gallery.seen],
                "scenes": Pairs.of_scenes(scenes["seen styles"]),
            }
        ),
        "demo": demo_sentences(encoder),
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--write", action="store_true", help="into figures.json, calibration.json and the model card")
    options = arguments.parse_args()
    figures = measure(options.folder)
    if options.write:
        card.write(options.folder, figures)
    print(card.table(figures))

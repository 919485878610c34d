"""Writes pictures and captions for the benchmarks of the search; clip4j embeds them (benchmarks/README.md).

    python search_data.py FOLDER [--pictures 60000] [--captions 1000000]

FOLDER/pictures: every drawing in all its styles on white, then scenes as training has them, up to that many.
FOLDER/captions.txt: a caption a line, as training has them, no two the same.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import artwork
import concepts as emoji
from captions import Captions
from evaluate import on_white
from pictures import Pictures
from render import SIZE, SPRITES

SEED, AT_ONCE = 5, 512


def drawings() -> Iterator[Image.Image]:
    for name in artwork.TRAINING + artwork.HELD_OUT:
        for styles in np.load(SPRITES / f"{name}.npz")["pixels"]:
            yield from map(on_white, styles)


def scenes(concepts: list[emoji.Concept]) -> Iterator[Image.Image]:
    captions, pictures = Captions(concepts, SEED), Pictures(concepts, SIZE)
    torch.manual_seed(SEED)
    while True:
        pixels = pictures.scenes(captions.scenes(AT_ONCE)).clamp(0, 1) * 255
        yield from map(Image.fromarray, pixels.round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy())


def said(concepts: list[emoji.Concept]) -> Iterator[str]:
    """Captions of single things and of scenes, and bare labels and keywords."""
    captions = Captions(concepts, SEED + 1)
    while True:
        for _ in range(AT_ONCE):
            yield captions.single(captions.chance.randrange(len(concepts)))[0]
            yield captions.phrase()[0]
        for scene in captions.scenes(AT_ONCE):
            yield captions.scene(scene)[0]


def different(texts: Iterator[str], count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[next(texts)] = None
    return list(found)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--pictures", type=int, default=60_000)
    arguments.add_argument("--captions", type=int, default=1_000_000)
    options = arguments.parse_args()
    concepts = emoji.load()
    (options.folder / "pictures").mkdir(parents=True)
    pictures = itertools.chain(drawings(), scenes(concepts))
    for number, picture in enumerate(itertools.islice(pictures, options.pictures)):
        picture.save(options.folder / "pictures" / f"{number:06d}.png", compress_level=1)
    lines = "\n".join(different(said(concepts), options.captions)) + "\n"
    (options.folder / "captions.txt").write_text(lines, encoding="utf-8")

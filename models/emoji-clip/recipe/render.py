#!/usr/bin/env python3
"""Draws every icon that has a name into work/sprites.npy (n, 72, 72, RGBA) and work/sprites.json."""

import json
import multiprocessing
import pathlib
import re

import numpy
from PIL import Image

import artwork
import concepts

WORK = pathlib.Path(__file__).parent / "work"
SIZE = 72
# Only the yellow hands and faces; the other skin tones would be five copies of each concept.
SKIN = re.compile("skin-tone|-(light|medium|dark)$")


def concept_of(icon: str, known: dict) -> str | None:
    name = concepts.slug(icon)
    if SKIN.search(name):
        return None
    candidates = (name, name.replace("flag-for-", "flag-"), "flag-" + name)
    return next((candidate for candidate in candidates if candidate in known), None)


def sprite(job: tuple[str, str]) -> numpy.ndarray | None:
    set_name, icon = job
    try:
        picture = artwork.draw(artwork.svg(set_name, icon, 96)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    except ValueError:  # a few documents are beyond resvg
        return None
    pixels = numpy.asarray(picture)
    return pixels if pixels[..., 3].mean() > 5 else None


def main() -> None:
    known = concepts.load()
    jobs, names = [], []
    for set_name in artwork.TRAINING + artwork.HELD_OUT:
        for icon in artwork.icon_set(set_name)["icons"]:
            if concept := concept_of(icon, known):
                jobs.append((set_name, icon))
                names.append(concept)
    with multiprocessing.Pool() as pool:
        drawn = pool.map(sprite, jobs, chunksize=100)
    kept = [i for i, pixels in enumerate(drawn) if pixels is not None]
    WORK.mkdir(exist_ok=True)
    numpy.save(WORK / "sprites.npy", numpy.stack([drawn[i] for i in kept]))
    index = [{"set": jobs[i][0], "concept": names[i]} for i in kept]
    (WORK / "sprites.json").write_text(json.dumps(index))
    print(f"{len(kept)} sprites of {len({names[i] for i in kept})} concepts")


if __name__ == "__main__":
    main()

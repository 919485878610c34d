#!/usr/bin/env python3
"""Draws the demo's pictures into the CLI's resources: scenes, single pictures, demo.json and ATTRIBUTION.md.

    python demo.py            # the same bytes every time

A scene is a painted background with icons on it. What it shows is in scenes.py; how, is here.
"""

import json
import pathlib
import random

from PIL import Image, ImageDraw, ImageFilter

import artwork
import concepts as emoji
import scenes

TARGET = pathlib.Path(__file__).parents[3] / "java/clip4j-cli/src/main/resources/io/github/clip4j/cli/demo"
CANVAS = 640  # drawn at twice the size of the scene
SCENE = 320
SINGLE = 256
CONCEPTS = emoji.load()
NAMES = emoji.names(CONCEPTS)


def paint(background: str) -> Image.Image:
    """A background: SVG shapes on a canvas of 100 x 100 units."""
    return artwork.draw(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{CANVAS}" height="{CANVAS}" viewBox="0 0 100 100">{background}</svg>'
    )


def place(canvas: Image.Image, piece: scenes.Piece) -> None:
    """Puts an icon, centred at (x, y) and `size` wide in units, on the canvas."""
    pixels = round(piece.size * CANVAS / 100)
    set_name, icon = piece.icon.split(":")
    picture = artwork.draw(artwork.svg(set_name, icon, pixels, piece.recolour))
    if piece.flip:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if piece.turn:
        picture = picture.rotate(piece.turn, Image.Resampling.BICUBIC)
    left = round(piece.x * CANVAS / 100 - pixels / 2)
    top = round(piece.y * CANVAS / 100 - pixels / 2)
    if piece.shadow:
        shade(canvas, picture, left, top)
    canvas.alpha_composite(picture, (max(left, 0), max(top, 0)), (max(-left, 0), max(-top, 0)))


def shade(canvas: Image.Image, picture: Image.Image, left: int, top: int) -> None:
    """A soft shadow on the ground beneath a picture, so that it stands rather than floats."""
    x0, _, x1, y1 = picture.getchannel("A").getbbox()
    height = (x1 - x0) * 0.07
    mask = Image.new("L", canvas.size)
    ellipse = (left + x0, top + y1 - height, left + x1, top + y1 + height)
    ImageDraw.Draw(mask).ellipse(ellipse, fill=80)
    mask = mask.filter(ImageFilter.GaussianBlur(height / 2))
    canvas.paste((20, 25, 35, 255), mask=mask)


def save(picture: Image.Image, name: str) -> None:
    picture = picture.convert("RGB")
    path = TARGET / name
    if path.suffix == ".png":
        picture.save(path, optimize=True)
    elif path.suffix == ".jpg":
        picture.save(path, quality=88, optimize=True)
    else:
        picture.save(path, quality=86, method=6)


def draw_scene(scene: scenes.Scene) -> None:
    canvas = paint(scene.background)
    for piece in scene.pieces:
        place(canvas, piece)
    save(canvas.resize((SCENE, SCENE), Image.Resampling.LANCZOS), scene.file)


def draw_single(single: scenes.Single, tints: random.Random) -> None:
    canvas = Image.new("RGBA", (SINGLE, SINGLE), tints.choice(scenes.PALETTE))
    set_name, icon = single.icon.split(":")
    margin = SINGLE // 10
    canvas.alpha_composite(artwork.draw(artwork.svg(set_name, icon, SINGLE - 2 * margin)), (margin, margin))
    save(canvas, single.file)


def title(single: scenes.Single) -> str:
    """What CLDR calls it."""
    return CONCEPTS[NAMES[emoji.squash(single.icon.split(":")[1])]].label


def credits(set_names: list[str]) -> list[str]:
    lines = []
    for name in set_names:
        about = artwork.licence(name)
        lines.append(f"{about['name']} by {about['author']['name']}, {about['license']['spdx']}, {about['author']['url']}")
    return lines


def attribution(pieces: list[tuple[str, list[str]]], set_names: list[str]) -> str:
    lines = [
        "# Where the demo's pictures come from",
        "",
        "Backgrounds are ours (Apache-2.0). The artwork on them is open emoji artwork, scaled, turned and in places recoloured:",
        "",
        *(f"- `{name}`: {credit}" for name, credit in zip(set_names, credits(set_names))),
        "",
        "| picture | artwork (set:icon) |",
        "|---|---|",
        *(f"| {file} | {', '.join(icons)} |" for file, icons in pieces),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for old in TARGET.iterdir():
        old.unlink()
    for scene in scenes.SCENES:
        draw_scene(scene)
    tints = random.Random(scenes.SEED)
    for single in scenes.SINGLES:
        draw_single(single, tints)

    pieces = [(scene.file, sorted({piece.icon for piece in scene.pieces})) for scene in scenes.SCENES]
    pieces += [(single.file, [single.icon]) for single in scenes.SINGLES]
    set_names = sorted({icon.split(":")[0] for _, icons in pieces for icon in icons})
    assert set(set_names) <= set(artwork.TRAINING), "share-alike artwork is not shipped"
    description = {
        "sentences": scenes.SENTENCES,
        "scenes": [
            {"file": scene.file, "title": scene.title} | ({"sentence": scene.sentence} if scene.sentence else {})
            for scene in scenes.SCENES
        ],
        "queries": scenes.QUERIES,
        "singles": [{"file": single.file, "title": title(single)} for single in scenes.SINGLES],
        "credits": credits(set_names),
    }
    (TARGET / "demo.json").write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (TARGET / "ATTRIBUTION.md").write_text(attribution(pieces, set_names), encoding="utf-8")
    files = list(TARGET.iterdir())
    print(f"{len(scenes.SCENES)} scenes, {len(scenes.SINGLES)} singles, {sum(f.stat().st_size for f in files)} bytes")


if __name__ == "__main__":
    main()

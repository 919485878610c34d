"""Open emoji artwork from npm's @iconify-json packages: names, licences and pictures.

`npm ci` in this folder brings the packages.
"""

import functools
import io
import json
import pathlib

import resvg_py
from PIL import Image

PACKAGES = pathlib.Path(__file__).parent / "node_modules" / "@iconify-json"

TRAINING = ("noto", "noto-v1", "twemoji", "emojione", "fluent-emoji-flat", "fluent-emoji", "fxemoji")
# Share-alike licences: for evaluation only, nothing of them is shipped.
HELD_OUT = ("openmoji", "emojione-v1")


@functools.cache
def icon_set(name: str) -> dict:
    return json.loads((PACKAGES / name / "icons.json").read_text(encoding="utf-8"))


@functools.cache
def licence(name: str) -> dict:
    """Title, author and licence of a set, as its package states them."""
    return json.loads((PACKAGES / name / "info.json").read_text(encoding="utf-8"))


def svg(set_name: str, icon: str, size: int, recolour: dict | None = None) -> str:
    """An icon as an SVG document of `size` x `size`."""
    icons = icon_set(set_name)
    entry = icons["icons"][icon]
    width = entry.get("width", icons.get("width", 16))
    height = entry.get("height", icons.get("height", 16))
    body = entry["body"].replace("currentColor", "#333")
    for old, new in (recolour or {}).items():
        body = body.replace(old, new)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{size}" height="{size}" viewBox="{entry.get("left", 0)} {entry.get("top", 0)} {width} {height}">'
        f"{body}</svg>"
    )


def draw(document: str) -> Image.Image:
    """An SVG document as an RGBA picture."""
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=document)))).convert("RGBA")

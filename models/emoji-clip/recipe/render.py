"""Draws every emoji of every set, and, for the training sets, in the styles that no set has.

    python render.py

work/sprites/<set>.npz: `pixels` (count, styles, 64, 64, 4) uint8, straight alpha; `concept` (count,) rows of concepts.load.
Styles of a training set: 0 as drawn; 1 flat colours and dark outlines; 2 line drawing; 3 few colours from one of several
palettes; 4 posterised with the outlines of what can be seen. A held-out set has style 0 alone, at 96x96.
"""

import colorsys
import random
import re
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

import artwork
import concepts as emoji

SPRITES = Path(__file__).parent / "work/sprites"
SIZE, HELD_OUT_SIZE, STYLES = 64, 96, 5
TONES = re.compile(r"skin-tone|-(light|medium|dark)$")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
GRADIENT = re.compile(r'<(linearGradient|radialGradient)\b([^>]*?)(?:/>|>(.*?)</\1>)', re.S)
CONCEPTS = emoji.load()
SHAPES = "path,circle,ellipse,rect,polygon,polyline,line"


def rgb(text: str) -> tuple[float, float, float]:
    text = text.lstrip("#")
    text = "".join(c * 2 for c in text) if len(text) == 3 else text
    return tuple(int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))


def hex_of(colour) -> str:
    return "#" + "".join(f"{round(255 * min(1, max(0, c))):02x}" for c in colour)


def flatten(body: str) -> str:
    """Gradients become their mean colour; filters (blurs, glows) go."""
    means, links = {}, {}
    for _, attributes, stops in GRADIENT.findall(body):
        name = re.search(r'\bid="([^"]+)"', attributes)
        if not name:
            continue
        colours = [rgb(c) for c in COLOUR.findall(stops or "")]
        link = re.search(r'href="#([^"]+)"', attributes)
        if colours:
            means[name[1]] = hex_of(np.mean(colours, axis=0))
        elif link:
            links[name[1]] = link[1]
    for name, target in links.items():
        means[name] = means.get(target, "#888888")
    body = re.sub(r'((?:fill|stroke)=")url\(#([^)]+)\)', lambda m: m[1] + means.get(m[2], "#888888"), body)
    return re.sub(r'\bfilter="[^"]*"', "", body)


def recolour(body: str, chance: random.Random) -> str:
    """The colours of one artist replaced by another's: shifted, saturated or muted, few steps of lightness."""
    turn, saturation, steps = chance.gauss(0, 0.03), chance.choice((0.5, 0.8, 1.2, 1.6)), chance.choice((3, 4, 5))

    def change(match):
        h, l, s = colorsys.rgb_to_hls(*rgb(match[0]))
        return hex_of(colorsys.hls_to_rgb((round(h * 16) / 16 + turn) % 1, round(l * steps) / steps, min(1, s * saturation)))

    return COLOUR.sub(change, body)


def blank(body: str) -> str:
    """Every fill white."""
    body = re.sub(r'\bfill="(?!none|url)[^"]*"', 'fill="#fff"', body)
    return re.sub(r'(?<![\w-])(fill-opacity|opacity)="[^"]*"', "", body)


def document(box, body: str, size: int, style: str = "", fill: str = "#000") -> str:
    left, top, width, height = box
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{size}" height="{size}"'
        f' viewBox="{left} {top} {width} {height}" fill="{fill}"><style>{style}</style>{body}</svg>'
    )


def draw(svg: str, size: int) -> Image.Image:
    picture = artwork.draw(svg)
    return picture if picture.size == (size, size) else picture.resize((size, size), Image.LANCZOS)


def outline(colour: str, width: float) -> str:
    return f"{SHAPES}{{stroke:{colour};stroke-width:{width:.3f};stroke-linejoin:round;stroke-linecap:round}}"


def posterise(picture: Image.Image, chance: random.Random) -> Image.Image:
    """Few flat colours, black where they meet and round the whole."""
    alpha = picture.getchannel("A")
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    few = flat.filter(ImageFilter.MedianFilter(5)).quantize(chance.randint(4, 7), Image.Quantize.MEDIANCUT).convert("RGB")
    edges = ImageChops.lighter(
        few.filter(ImageFilter.FIND_EDGES).convert("L").point(lambda v: 255 * (v > 24)),
        alpha.filter(ImageFilter.FIND_EDGES).point(lambda v: 255 * (v > 40)),
    )
    edges = ImageOps.expand(ImageOps.crop(edges, 1), 1, 0)  # the filter copies the border as it is
    if chance.random() < 0.7:
        edges = edges.filter(ImageFilter.MaxFilter(3))
    if chance.random() < 0.3:
        few = Image.new("RGB", picture.size, "white")
    few.paste((0, 0, 0), mask=edges)
    few.putalpha(ImageChops.lighter(alpha, edges))
    return few


def styles(job) -> tuple[int, np.ndarray] | None:
    set_name, concept, box, body = job
    chance = random.Random(f"{set_name} {concept}")
    held_out = set_name in artwork.HELD_OUT
    size = HELD_OUT_SIZE if held_out else SIZE
    try:
        large = draw(document(box, body, 2 * size), 2 * size)
        pictures = [large.resize((size, size), Image.LANCZOS)]
        if not held_out:
            flat, unit, keep = flatten(body), max(box[2], box[3]) / 100, CONCEPTS[concept].keeps_colour
            width = chance.uniform(1.4, 3.2) * unit
            ink = chance.choice(("#000", "#000", "#222", "#3b2a20"))
            palette = flat if keep else recolour(flat, chance)
            pictures += [
                draw(document(box, palette if chance.random() < 0.5 else flat, size, outline(ink, width)), size),
                draw(document(box, blank(flat), size, outline(ink, width), "#fff"), size),
                draw(document(box, palette, size), size),
                posterise(large, chance).resize((size, size), Image.LANCZOS),
            ]
    except ValueError:  # resvg refuses the drawing
        return None
    pixels = np.stack([np.asarray(p) for p in pictures])
    return (concept, pixels) if pixels[0, ..., 3].mean() > 5 else None


def jobs(set_name: str, table: dict[str, int]) -> list[tuple]:
    icons = artwork.icon_set(set_name)
    seen = {}
    for name, icon in icons["icons"].items():
        concept = None if TONES.search(emoji.slug(name)) else table.get(emoji.squash(name))
        if concept is not None:
            box = [icon.get(k, icons.get(k, d)) for k, d in (("left", 0), ("top", 0), ("width", 16), ("height", 16))]
            seen.setdefault(concept, (set_name, concept, box, icon["body"].replace("currentColor", "#333")))
    return list(seen.values())


def main() -> None:
    table = emoji.names(CONCEPTS)
    SPRITES.mkdir(parents=True, exist_ok=True)
    for set_name in artwork.TRAINING + artwork.HELD_OUT:
        target = SPRITES / f"{set_name}.npz"
        if target.exists():
            continue
        with Pool() as pool:
            drawn = [d for d in pool.map(styles, jobs(set_name, table), chunksize=16) if d]
        np.savez(target, concept=np.array([c for c, _ in drawn]), pixels=np.stack([p for _, p in drawn]))
        print(set_name, len(drawn), flush=True)


if __name__ == "__main__":
    main()

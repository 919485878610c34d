"""Training pairs: sprites on gradients, alone or two by two, with the words a person might use for them."""

import json
import pathlib
import random

import numpy
import torch
import torch.nn.functional as F

import artwork
import concepts

WORK = pathlib.Path(__file__).parent / "work"
IMAGE = 64
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)

TEMPLATES = ("{}", "a {}", "{} emoji", "a picture of {}", "an image of a {}", "a drawing of {}", "{}.", "the {}")
# A phrase and where the first of two things then is; None: anywhere beside the second.
RELATIONS = (
    ("{} above {}", (0, -1)),
    ("{} over {}", (0, -1)),
    ("{} below {}", (0, 1)),
    ("{} under {}", (0, 1)),
    ("{} to the left of {}", (-1, 0)),
    ("{} to the right of {}", (1, 0)),
    ("{} next to {}", None),
    ("{} and {}", None),
)
SIDES = ((-1, 0), (1, 0), (0, 1), (0, -1))


def with_article(label: str) -> str:
    return ("an " if label[0].lower() in "aeiou" else "a ") + label


def over(background: torch.Tensor, sprite: torch.Tensor) -> torch.Tensor:
    alpha = sprite[:, 3:]
    return background * (1 - alpha) + sprite[:, :3] * alpha


def normalize(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels - MEAN) / STD


class Artwork:
    """The sprites of the concepts that are learned, and what these are called."""

    def __init__(self):
        known = concepts.load()
        index = json.loads((WORK / "sprites.json").read_text())
        kept = [i for i, entry in enumerate(index) if concepts.everyday(known[entry["concept"]])]
        self.sprites = torch.from_numpy(numpy.load(WORK / "sprites.npy")[kept])
        self.sets = [index[i]["set"] for i in kept]
        names = sorted({index[i]["concept"] for i in kept})
        number = {name: i for i, name in enumerate(names)}
        self.concept = torch.tensor([number[index[i]["concept"]] for i in kept])
        self.labels = [known[name]["label"] for name in names]
        self.tags = [known[name]["tags"] for name in names]

    def of_set(self, set_name: str) -> torch.Tensor:
        return torch.tensor([i for i, name in enumerate(self.sets) if name == set_name])

    def pixels(self, which: torch.Tensor) -> torch.Tensor:
        """Sprites as (n, RGBA, height, width) in 0..1."""
        return self.sprites[which].permute(0, 3, 1, 2).float() / 255

    def plain(self, which: torch.Tensor) -> torch.Tensor:
        """Sprites that fill a white picture, as evaluation shows them."""
        small = F.interpolate(self.pixels(which), IMAGE, mode="bilinear", antialias=True, align_corners=False)
        return normalize(over(torch.ones(len(which), 3, IMAGE, IMAGE), small))


class Batches:
    """An endless source of (pictures, texts, keys); pairs with equal keys are positives of each other."""

    def __init__(self, art: Artwork, pairs: float = 0.25):
        self.art = art
        self.train = torch.tensor([i for i, name in enumerate(art.sets) if name in artwork.TRAINING])
        self.pairs = pairs

    def caption(self, concept: int) -> str:
        label, tags = self.art.labels[concept], self.art.tags[concept]
        dice = random.random()
        if dice < 0.55 or not tags:
            return random.choice(TEMPLATES).format(label)
        words = " ".join(random.sample(tags, min(len(tags), random.randint(1, 3))))
        return random.choice(TEMPLATES).format(words) if dice < 0.8 else f"{label} {words}"

    def place(self, which: torch.Tensor, x: torch.Tensor, y: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """Sprites turned by up to 10 degrees, scaled, and centred at (x, y) in -1..1."""
        n = len(which)
        angle = (torch.rand(n) - 0.5) * 0.35
        cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
        matrix = torch.zeros(n, 2, 3)
        matrix[:, 0, 0], matrix[:, 0, 1] = cos, -sin
        matrix[:, 1, 0], matrix[:, 1, 1] = sin, cos
        matrix[:, 0, 2] = -(cos * x - sin * y)
        matrix[:, 1, 2] = -(sin * x + cos * y)
        grid = F.affine_grid(matrix, (n, 4, IMAGE, IMAGE), align_corners=False)
        return F.grid_sample(self.art.pixels(which), grid, align_corners=False)

    @staticmethod
    def background(n: int) -> torch.Tensor:
        """Vertical gradients; two in five start from white."""
        top = torch.where(torch.rand(n, 1) < 0.4, torch.ones(n, 3), torch.rand(n, 3))
        bottom = (top + torch.randn(n, 3) * 0.15).clamp(0, 1)
        share = torch.linspace(0, 1, IMAGE).view(1, 1, IMAGE, 1)
        mixed = top.view(n, 3, 1, 1) * (1 - share) + bottom.view(n, 3, 1, 1) * share
        return mixed.expand(n, 3, IMAGE, IMAGE)

    def next(self, n: int) -> tuple[torch.Tensor, list[str], torch.Tensor]:
        scenes = int(n * self.pairs)
        first = self.train[torch.randint(len(self.train), (n,))]
        second = self.train[torch.randint(len(self.train), (scenes,))]
        scale = 0.55 + 0.45 * torch.rand(n)
        x = (torch.rand(n) - 0.5) * 2 * (1 - scale)
        y = (torch.rand(n) - 0.5) * 2 * (1 - scale)
        texts, keys = [], []
        for i in range(scenes):
            phrase, side = random.choice(RELATIONS)
            dx, dy = side or random.choice(SIDES)
            distance = 0.42 + 0.1 * random.random()
            x[i], y[i], scale[i] = dx * distance, dy * distance, 0.42 + 0.12 * random.random()
            labels = (with_article(self.art.labels[self.art.concept[k]]) for k in (first[i], second[i]))
            texts.append(phrase.format(*labels))
            keys.append(-i - 1)
        for i in range(scenes, n):
            concept = int(self.art.concept[first[i]])
            texts.append(self.caption(concept))
            keys.append(concept)
        pixels = over(self.background(n), self.place(first, x, y, scale))
        others = self.place(second, -x[:scenes], -y[:scenes], 0.42 + 0.12 * torch.rand(scenes))
        pixels[:scenes] = over(pixels[:scenes], others)
        brightness = torch.randn(n, 1, 1, 1) * 0.05
        return normalize((pixels + brightness).clamp(0, 1)), texts, torch.tensor(keys)

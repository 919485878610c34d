"""Training pictures: drawn emoji placed, recoloured and put on backgrounds, a whole batch at a time."""

import numpy as np
import torch
import torch.nn.functional as F

from artwork import TRAINING
from captions import FENCED, GRASS, NIGHT, NOWHERE, SAND, SNOW, WATER, WOODS, Scene
from concepts import Concept
from render import SPRITES

torch.set_default_device("cuda" if torch.cuda.is_available() else "cpu")  # before any tensor is made

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
# Sky and ground of the places that captions name.
PLACES = {
    GRASS: ((0.62, 0.83, 0.96), (0.55, 0.76, 0.36)),
    WATER: ((0.60, 0.85, 0.96), (0.15, 0.45, 0.70)),
    SNOW: ((0.76, 0.88, 0.97), (0.95, 0.97, 0.99)),
    NIGHT: ((0.10, 0.12, 0.35), (0.25, 0.20, 0.45)),
    SAND: ((0.98, 0.88, 0.62), (0.88, 0.78, 0.50)),
    FENCED: ((0.62, 0.83, 0.96), (0.64, 0.80, 0.45)),
    WOODS: ((0.66, 0.84, 0.92), (0.40, 0.62, 0.32)),
}
TREES = ("deciduous-tree", "evergreen-tree")
LUMINANCE = torch.tensor([0.299, 0.587, 0.114])
STYLE_ODDS = torch.tensor([0.36, 0.20, 0.14, 0.14, 0.16])  # as drawn, outlined, line drawing, other palette, posterised
COLOUR_STYLE_ODDS = torch.tensor([0.56, 0.22, 0.0, 0.0, 0.22])  # for what is known by its colour


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels - MEAN) / STD


class Pictures:
    def __init__(self, concepts: list[Concept], size: int):
        loaded = [np.load(SPRITES / f"{name}.npz") for name in TRAINING]
        self.pixels = torch.as_tensor(np.concatenate([d["pixels"] for d in loaded]))
        self.concept = torch.as_tensor(np.concatenate([d["concept"] for d in loaded])).long()
        self.size, self.strength = size, 1.0  # how far pictures stray from the drawings: 0 to 1
        self.drawn: dict[int, list[int]] = {}
        for row, concept in enumerate(self.concept.tolist()):
            self.drawn.setdefault(concept, []).append(row)
        self.keeps_colour = torch.tensor([c.keeps_colour for c in concepts])
        self.keeps_side = torch.tensor([c.keeps_side for c in concepts])
        self.trees = torch.tensor([i for i, c in enumerate(concepts) if c.slug in TREES])
        self.known = torch.tensor(sorted(self.drawn))

    def rows(self, concepts: torch.Tensor) -> torch.Tensor:
        """A drawing of each concept, from any set."""
        return torch.tensor([(r := self.drawn[c])[int(torch.randint(len(r), ()))] for c in concepts.tolist()])

    def sprites(self, concepts: torch.Tensor) -> torch.Tensor:
        """Drawings in any style and colour, premultiplied (count, 4, size, size)."""
        count, keep = len(concepts), self.keeps_colour[concepts]
        odds = self.strength * torch.where(keep[:, None], COLOUR_STYLE_ODDS, STYLE_ODDS)
        odds[:, 0] += 1 - self.strength
        style = torch.multinomial(odds, 1)[:, 0]
        pixels = self.pixels[self.rows(concepts), style].permute(0, 3, 1, 2).float().div_(255)
        pixels[:, :3] *= pixels[:, 3:]
        mirror = (torch.rand(count) < 0.3) & ~self.keeps_side[concepts]
        pixels[mirror] = pixels[mirror].flip(3)
        return torch.einsum("bij,bjyx->biyx", self.colour(count, keep), pixels)

    def colour(self, count: int, keep: torch.Tensor) -> torch.Tensor:
        """A matrix each over (r, g, b, a): saturation, hue, grey, negative, brightness, contrast."""
        angle = torch.where((torch.rand(count) < 0.3 * self.strength) & ~keep, torch.rand(count) * 6.2832, torch.randn(count) * 0.12)
        saturation = (1 + 0.35 * torch.randn(count)).clamp(0, 1.8)
        saturation = torch.where((torch.rand(count) < 0.12 * self.strength) & ~keep, 0.0, saturation)
        cos, sin = (torch.cos(angle) * saturation).view(-1, 1, 1), (torch.sin(angle) * saturation).view(-1, 1, 1)
        grey = LUMINANCE.expand(3, 3)
        turn = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
        rgb = grey + cos * (torch.eye(3) - grey) + sin * turn
        gain = (1 + 0.2 * torch.randn(count)).clamp(0.5, 1.5)
        lift = 0.1 * torch.randn(count) + 0.5 * (1 - gain)
        negative = (torch.rand(count) < 0.03 * self.strength) & ~keep
        gain, lift = torch.where(negative, -gain, gain), torch.where(negative, 1 - lift, lift)
        matrix = torch.zeros(count, 4, 4)
        matrix[:, :3, :3] = rgb * gain.view(-1, 1, 1)
        matrix[:, :3, 3] = lift.view(-1, 1)
        matrix[:, 3, 3] = 1
        return matrix

    def place(self, sprites: torch.Tensor, x: torch.Tensor, y: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """Each sprite at (x, y) of [-1, 1], turned, sheared and stretched a little."""
        count = len(sprites)
        turn, shear = torch.randn(count) * 0.14, torch.randn(count) * 0.08
        stretch = 1 + 0.09 * torch.randn(count)
        cos, sin = torch.cos(turn), torch.sin(turn)
        grid = torch.zeros(count, 2, 3)
        grid[:, 0, 0], grid[:, 0, 1] = cos / scale, (shear - sin) / scale
        grid[:, 1, 0], grid[:, 1, 1] = sin / scale * stretch, cos / scale * stretch
        grid[:, 0, 2] = -(grid[:, 0, 0] * x + grid[:, 0, 1] * y)
        grid[:, 1, 2] = -(grid[:, 1, 0] * x + grid[:, 1, 1] * y)
        where = F.affine_grid(grid, (count, 4, self.size, self.size), align_corners=False)
        return F.grid_sample(sprites, where, align_corners=False)

    def backgrounds(self, count: int) -> torch.Tensor:
        kind = torch.rand(count, 1, 1, 1)
        base = torch.rand(count, 3, 1, 1)
        white = 1 - 0.05 * torch.rand(count, 3, 1, 1)
        base = torch.where(kind < 0.5, white, base)
        varied = F.interpolate(torch.randn(count, 3, 4, 4), self.size, mode="bilinear") * 0.25
        return (base + torch.where(kind > 1 - 0.25 * self.strength, varied, 0.0)).clamp_(0, 1)

    def places(self, grounds: list[int]) -> torch.Tensor:
        """Backgrounds of scenes: a sky over a ground, the horizon anywhere or (as in water) nowhere, tufts on it; else as singles have."""
        pixels = self.backgrounds(len(grounds))
        at = torch.tensor([i for i, ground in enumerate(grounds) if ground != NOWHERE])
        if not len(at):
            return pixels
        tops, bottoms = (torch.tensor([PLACES[grounds[i]][k] for i in at.tolist()]).view(-1, 3, 1, 1) for k in (0, 1))
        tops, bottoms = (c + 0.07 * torch.randn_like(c) for c in (tops, bottoms))
        y = torch.linspace(0, 1, self.size).view(1, 1, -1, 1)
        hills = F.interpolate(torch.randn(len(at), 1, 1, 4) * 0.04, (1, self.size), mode="bicubic")
        horizon = 0.25 + 0.55 * torch.rand(len(at), 1, 1, 1) + hills
        softness = 0.005 + 0.3 * torch.rand(len(at), 1, 1, 1) * (torch.rand(len(at), 1, 1, 1) < 0.4)
        ground = ((y - horizon) / softness).sigmoid()
        tufts = 0.05 * torch.randn(len(at), 1, self.size, self.size) * (torch.rand(len(at), 1, 1, 1) < 0.5)
        pixels[at] = (tops + (bottoms - tops) * ground + tufts * ground).clamp(0, 1)
        for i, line in zip(at.tolist(), horizon[:, 0, 0].mean(1).tolist()):
            if grounds[i] == FENCED:
                self.fence(pixels[i], line)
        woods = [i for i, ground in enumerate(grounds) if ground == WOODS]
        for x in (-0.7, 0.0, 0.7) if woods else ():
            trees = F.avg_pool2d(self.sprites(self.trees[torch.randint(len(self.trees), (len(woods),))]), 2)
            x, y, scale = x + 0.12 * torch.randn(len(woods)), -0.35 + 0.12 * torch.randn(len(woods)), 0.4 + 0.12 * torch.rand(len(woods))
            pixels[woods] = self.over(pixels[woods], self.place(trees, x, y, scale))
        return pixels

    def fence(self, pixels: torch.Tensor, horizon: float) -> None:
        """Posts and two rails across a picture, white or of wood."""
        size = self.size
        colour = torch.tensor((0.97, 0.96, 0.94) if torch.rand(()) < 0.5 else (0.55, 0.40, 0.25)).view(3, 1, 1) + 0.03 * torch.randn(3, 1, 1)
        top, height, gap = int(horizon * size), int(size * (0.12 + 0.1 * torch.rand(()))), int(size * (0.1 + 0.12 * torch.rand(())))
        for first in range(int(torch.randint(gap, ())), size, gap):
            pixels[:, max(0, top - height // 2) : top + height // 2, first : first + 2] = colour
        for rail in (top - height // 4, top + height // 5):
            pixels[:, rail : rail + 2, :] = colour

    def finish(self, pixels: torch.Tensor) -> torch.Tensor:
        count = len(pixels)
        blurred = torch.rand(count) < 0.15 * self.strength
        pixels[blurred] = F.avg_pool2d(F.pad(pixels[blurred], (1, 1, 1, 1), mode="replicate"), 3, 1)
        noisy = torch.rand(count) < 0.2 * self.strength
        pixels[noisy] += torch.randn_like(pixels[noisy]) * 0.06
        return normalised(pixels.clamp_(0, 1))

    @staticmethod
    def over(below: torch.Tensor, sprites: torch.Tensor) -> torch.Tensor:
        alpha = sprites[:, 3:]
        return below * (1 - alpha) + sprites[:, :3].minimum(alpha).clamp_(min=0)

    def singles(self, concepts: torch.Tensor) -> torch.Tensor:
        count = len(concepts)
        scale = 0.6 + 0.4 * torch.rand(count).sqrt()
        x, y = ((torch.rand(count) - 0.5) * 2 * (1.05 - scale) for _ in range(2))
        return self.over(self.backgrounds(count), self.place(self.sprites(concepts), x, y, scale))

    def scenes(self, scenes: list[Scene]) -> torch.Tensor:
        pixels = self.places([s.ground for s in scenes])
        for place in range(3):
            here = [i for i, s in enumerate(scenes) if place < len(s.things)]
            if not here:
                continue
            count, things = len(here), torch.tensor([len(scenes[i].things) for i in here])
            sprites = F.avg_pool2d(self.sprites(torch.tensor([scenes[i].things[place] for i in here])), 2)
            along = (2 * place + 1) / things - 1 + 0.08 * torch.randn(count)
            across = 0.18 * torch.randn(count)
            vertical = torch.tensor([scenes[i].axis == 0 for i in here])
            x, y = torch.where(vertical, across, along), torch.where(vertical, along, across)
            scale = torch.where(things == 1, 0.6 + 0.35 * torch.rand(count), (0.75 + 0.7 * torch.rand(count)) / things)
            pixels[here] = self.over(pixels[here], self.place(sprites, x, y, scale))
        return pixels

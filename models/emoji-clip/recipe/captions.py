"""What a person might type for a picture, and which concepts those words fit."""

import random
import zlib
from dataclasses import dataclass

import torch

import paraphrases
from concepts import Concept

SINGLE = (
    "{}", "{}", "{}", "a {}", "the {}", "{} emoji", "{} icon", "a picture of {}", "an image of a {}", "a drawing of a {}",
    "a photo of a {}", "{}.", "this is a {}", "there is a {}", "i see a {}", "a small {}", "clip art of {}", "an image with a {}",
)  # fmt: skip
# Where the first of two things is: (axis, its side). Axis 0 is vertical, 1 horizontal, 2 anywhere, 3 side by side.
VERTICAL, HORIZONTAL, ANYWHERE, BESIDE = range(4)
RELATIONS = {
    (VERTICAL, 0): ("{} above {}", "{} over {}", "{} is above {}", "there is {} over {}", "{} on top of {}", "{} is over {}",
                    "{} flies above {}", "there is {} above {}"),
    (VERTICAL, 1): ("{} below {}", "{} under {}", "{} is below {}", "there is {} under {}", "{} beneath {}", "{} is under {}"),
    (HORIZONTAL, 0): ("{} to the left of {}", "{} left of {}", "{} is to the left of {}", "{} is on the left of {}"),
    (HORIZONTAL, 1): ("{} to the right of {}", "{} right of {}", "{} is to the right of {}", "{} is on the right of {}"),
    (ANYWHERE, 0): ("{} and {}", "{} with {}", "there is {} and {}", "{}, {}", "{} is holding {}",
                    "{} is playing {}", "{} is eating {}", "{} is riding {}", "{} is carrying {}", "{} in front of {}",
                    "{} is pushing {}", "{} chases {}", "{} looks at {}", "{} has {}"),
    (BESIDE, 0): ("{} next to {}", "{} beside {}", "{} is next to {}", "{} stands by {}"),
}  # fmt: skip
THREE = ("{}, {} and {}", "{} and {} and {}", "{} with {} and {}")
TWO = ("two {}", "two {}", "a pair of {}", "there are two {}", "two {} in the picture")
# Where a scene is: on nothing in particular, or on a ground that a caption may name.
NOWHERE, GRASS, WATER, SNOW, NIGHT, SAND = range(6)
GROUNDS = (
    (),
    ("on the grass", "in a field", "in a meadow", "on a lawn"),
    ("in the sea", "in the water", "at the sea"),
    ("in the snow", "on the snow", "in winter"),
    ("at night", "in the dark", "under the stars"),
    ("in the desert", "on the sand", "on the beach"),
)


def held_out(keyword: str) -> bool:
    """A tenth of all keywords: no caption contains them as keywords, so that they can be asked for honestly."""
    return zlib.crc32(keyword.encode()) % 10 == 0


def held_out_pair(first: int, second: int) -> bool:
    """A tenth of all pairs: no training scene shows them."""
    return zlib.crc32(f"{min(first, second)} {max(first, second)}".encode()) % 10 == 0


def words(text: str) -> set[str]:
    return set(text.replace("-", " ").replace(":", " ").replace("’", "'").split())


def with_article(name: str) -> str:
    return ("an " if name[:1].lower() in "aeiou" else "a ") + name


def plural(name: str) -> str:
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else name + "s"


def typo(text: str, chance: random.Random) -> str:
    at = chance.randrange(1, max(2, len(text) - 1))
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


@dataclass(frozen=True)
class Scene:
    """Things from top to bottom or from left to right, and what they stand before."""

    things: tuple[int, ...]
    axis: int
    ground: int = NOWHERE


@dataclass(frozen=True)
class Told:
    """What a scene's caption says: its things, in the picture's order, how they stand (an axis), and where (NOWHERE: not said)."""

    things: tuple[int, ...]
    axis: int
    ground: int

    def fits(self, scene: Scene) -> bool:
        if self.ground not in (NOWHERE, scene.ground):
            return False
        if self.axis == ANYWHERE or (self.axis == BESIDE and scene.axis == HORIZONTAL):
            return sorted(self.things) == sorted(scene.things)
        return self.axis == scene.axis and self.things == scene.things


class Captions:
    def __init__(self, concepts: list[Concept], seed: int):
        self.chance = random.Random(seed)
        # How often the lower or right one of two things is named first. Were it half from the start, neither the order of the names nor
        # the words between them would say anything alone, and training would find neither.
        self.turned = 0.5
        self.concepts = concepts
        labels = {c.label.lower() for c in concepts}
        self.keywords = [[k for k in self.spoken(c) if k not in labels] for c in concepts]  # a label names one concept
        fits: dict[str, set[int]] = {}
        for i, known in enumerate(self.keywords):
            for keyword in known:
                fits.setdefault(keyword, set()).add(i)
        fits.update({c.label.lower(): {i} for i, c in enumerate(concepts)})
        self.row = {phrase: n for n, phrase in enumerate(fits)}
        self.phrases = list(fits)
        self.fits = torch.zeros(len(fits), len(concepts), dtype=torch.bool)
        for phrase, members in fits.items():
            self.fits[self.row[phrase], list(members)] = True
        self.precise = [
            [k for k in known if len(fits[k]) <= 4 and k in c.keywords] for c, known in zip(concepts, self.keywords)
        ]
        self.picturable = [i for i, c in enumerate(concepts) if c.picturable]
        kept_back = {k for c in concepts for k in c.keywords if held_out(k)}
        self.paraphrases = [
            [p for p in paraphrases.of(c.slug) if not (words(p) - words(c.label.lower())) & kept_back] for c in concepts
        ]

    @staticmethod
    def spoken(concept: Concept) -> list[str]:
        known = [k for k in concept.keywords if not held_out(k)]
        label = words(concept.label.lower())
        for phrase in concept.extra:
            if not any(held_out(w) and w not in label for w in words(phrase) | {phrase}):
                known.append(phrase)
        return sorted(set(known))

    def single(self, concept: int) -> tuple[str, torch.Tensor]:
        """A caption and the concepts that it fits."""
        chance, label, known = self.chance, self.concepts[concept].label.lower(), self.keywords[concept]
        if self.paraphrases[concept] and chance.random() < 0.3:
            return chance.choice(self.paraphrases[concept]), self.fits[self.row[label]]
        kind = chance.random() if known else 0.0
        if kind < 0.5:
            phrases = [label]
        elif kind < 0.88:
            phrases = chance.sample(known, min(len(known), chance.choice((1, 1, 1, 2, 3))))
        else:
            phrases = [label] + chance.sample(known, min(len(known), chance.choice((1, 2))))
        fits = torch.stack([self.fits[self.row[p]] for p in phrases]).all(0)
        spoken = list(phrases)
        if chance.random() < 0.06:
            spoken[-1] = plural(spoken[-1])
        if chance.random() < 0.06 and len(spoken[0]) > 4:
            spoken[0] = typo(spoken[0], chance)
        template = chance.choice(SINGLE) if chance.random() < 0.6 else "{}"
        return template.format(" ".join(spoken)), fits

    def phrase(self) -> tuple[str, torch.Tensor]:
        """Any label or keyword, the rare as often as the common, and the concepts that it fits."""
        phrase = self.chance.choice(self.phrases)
        return phrase, self.fits[self.row[phrase]]

    def name(self, concept: int) -> str:
        precise = self.precise[concept]
        name = self.chance.choice(precise) if precise and self.chance.random() < 0.12 else self.concepts[concept].label.lower()
        kind = self.chance.random()
        return with_article(name) if kind < 0.75 else name if kind < 0.9 else "the " + name

    def scene(self, scene: Scene) -> tuple[str, Told]:
        chance = self.chance
        text, axis = self.arrangement(scene)
        where = scene.ground if scene.ground != NOWHERE and chance.random() < 0.35 else NOWHERE
        if where != NOWHERE:
            text += " " + chance.choice(GROUNDS[where])
        return text + ("." if chance.random() < 0.1 else ""), Told(scene.things, axis, where)

    def arrangement(self, scene: Scene) -> tuple[str, int]:
        """What a scene shows, and the axis that the words speak of."""
        chance = self.chance
        if len(scene.things) == 2 and scene.things[0] == scene.things[1]:
            return chance.choice(TWO).format(plural(self.concepts[scene.things[0]].label.lower())), ANYWHERE
        names = [self.name(t) for t in scene.things]
        if len(scene.things) == 3:
            order = chance.sample(range(3), 3)
            return chance.choice(THREE).format(*(names[i] for i in order)), ANYWHERE
        kind = chance.random()
        axis = scene.axis if kind < 0.76 else ANYWHERE if kind < 0.9 or scene.axis == VERTICAL else BESIDE
        side = chance.random() < self.turned
        first, second = (names[1], names[0]) if side else names
        return chance.choice(RELATIONS[axis, side if axis == scene.axis else 0]).format(first, second), axis

    def scenes(self, count: int) -> list[Scene]:
        """Groups of four that differ in one respect each, so that every caption has near misses beside it."""
        chance, found = self.chance, []
        while len(found) < count:
            a, b, c = chance.sample(self.picturable, 3)
            if held_out_pair(a, b) or held_out_pair(a, c) or held_out_pair(b, c):
                continue
            axis, kind = chance.randrange(2), chance.random()
            last = (a, b, c) if kind < 0.2 else (a, a) if kind < 0.3 else (a, c)
            for things, along in (((a, b), axis), ((b, a), axis), ((a, b), 1 - axis), (last, axis)):
                found.append(Scene(things, along, chance.randrange(len(GROUNDS)) if chance.random() < 0.5 else NOWHERE))
        return found[:count]

"""What a person might type for a picture, and which concepts those words fit."""

import random
import zlib
from dataclasses import dataclass

import torch

import deeds
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
    (ANYWHERE, 0): ("{} and {}", "{} with {}", "there is {} and {}", "{}, {}", "{} in front of {}", "{} looks at {}", "{} has {}"),
    (BESIDE, 0): ("{} next to {}", "{} beside {}", "{} is next to {}", "{} stands by {}"),
}  # fmt: skip
THREE = ("{}, {} and {}", "{} and {} and {}", "{} with {} and {}")
ONE_OF_MANY = ("there is {} in the image", "there is {} in the picture", "an image with {}", "a picture with {} in it", "{} can be seen",
               "there is {}", "you can see {} here")  # fmt: skip
TWO = ("two {}", "two {}", "a pair of {}", "there are two {}", "two {} in the picture")
# Where a scene is: on nothing in particular, or on a ground that a caption may name.
NOWHERE, GRASS, WATER, SNOW, NIGHT, SAND, FENCED, WOODS = range(8)
GROUNDS = (
    (),
    ("on the grass", "in a field", "in a meadow", "on a lawn", "across a field", "across the grass"),
    ("in the sea", "in the water", "at the sea"),
    ("in the snow", "on the snow", "in winter"),
    ("at night", "in the dark", "under the stars"),
    ("in the desert", "on the sand", "on the beach"),
    ("behind a fence", "inside a fence", "in a paddock", "on enclosed ground", "in an enclosure", "on a fenced field"),
    ("in the woods", "through the woods", "in a forest", "among trees", "through the forest"),
)
# Keywords that sentences need: trained on, wherever the draw below puts them.
SPOKEN = ("carriage", "fence", "monkey", "riding")


def held_out(keyword: str) -> bool:
    """A tenth of the keywords: no caption contains them as keywords, so that they can be asked for honestly."""
    return zlib.crc32(keyword.encode()) % 10 == 0 and keyword not in SPOKEN


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
    """What a scene's caption says: things, in the picture's order, how they stand (an axis), and where (NOWHERE: not said)."""

    things: tuple[int, ...]
    axis: int
    ground: int

    def fits(self, scene: Scene) -> bool:
        if self.ground not in (NOWHERE, scene.ground):
            return False
        if self.axis == ANYWHERE or (self.axis == BESIDE and scene.axis == HORIZONTAL):
            return all(self.things.count(t) <= scene.things.count(t) for t in self.things)
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
        self.kinds = [deeds.kind(c) for c in concepts]
        self.of_kind = {kind: [i for i in self.picturable if self.kinds[i] == kind] for kind in set(self.kinds)}
        kept_back = {k for c in concepts for k in c.keywords if held_out(k)}
        self.paraphrases = [
            [p for p in paraphrases.of(c.slug) if not (words(p) - words(c.label.lower())) & kept_back] for c in concepts
        ]
        self.nouns = [
            [p for p in known if p in paraphrases.PARAPHRASES.get(c.slug, ()) and p.startswith(("a ", "an ", "the "))]
            for c, known in zip(concepts, self.paraphrases)
        ]
        self.sayable = [i for i in self.picturable if self.paraphrases[i]]

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
        if self.paraphrases[concept] and chance.random() < 0.4:
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
        precise, nouns, kind = self.precise[concept], self.nouns[concept], self.kinds[concept]
        if nouns and self.chance.random() < 0.25:
            return self.chance.choice(nouns)
        if kind and self.chance.random() < 0.06:
            return self.chance.choice(deeds.IN_GENERAL[kind])
        slug = self.concepts[concept].slug
        who = next((who for who in paraphrases.SUBJECTS if slug.startswith(who + "-")), None)
        if who and self.chance.random() < 0.5:
            return self.chance.choice(paraphrases.SUBJECTS[who])
        name = self.chance.choice(precise) if precise and self.chance.random() < 0.12 else self.concepts[concept].label.lower()
        kind = self.chance.random()
        return with_article(name) if kind < 0.75 else name if kind < 0.9 else "the " + name

    def scene(self, scene: Scene) -> tuple[str, Told]:
        chance = self.chance
        text, things, axis = self.arrangement(scene)
        where = scene.ground if scene.ground != NOWHERE and chance.random() < 0.35 else NOWHERE
        if where != NOWHERE:
            text += " " + chance.choice(GROUNDS[where])
        return text + ("." if chance.random() < 0.2 else ""), Told(things, axis, where)

    def arrangement(self, scene: Scene) -> tuple[str, tuple[int, ...], int]:
        """Words for what a scene shows, the things that they name, and the axis that they speak of."""
        chance, things = self.chance, scene.things
        if len(things) == 1:
            paraphrased = self.paraphrases[things[0]] and chance.random() < 0.6
            return chance.choice(self.paraphrases[things[0]]) if paraphrased else self.name(things[0]), things, ANYWHERE
        if len(things) == 2 and things[0] == things[1]:
            return chance.choice(TWO).format(plural(self.concepts[things[0]].label.lower())), things, ANYWHERE
        if chance.random() < 0.12:
            one = chance.choice(things)
            return chance.choice(ONE_OF_MANY).format(self.name(one)), (one,), ANYWHERE
        if len(things) == 3:
            return chance.choice(THREE).format(*(self.name(t) for t in chance.sample(things, 3))), things, ANYWHERE
        deed = self.deed(*things)
        if deed and chance.random() < 0.6:
            return deed, things, ANYWHERE
        names = [self.name(t) for t in things]
        kind = chance.random()
        axis = scene.axis if kind < 0.76 else ANYWHERE if kind < 0.9 or scene.axis == VERTICAL else BESIDE
        side = chance.random() < self.turned
        first, second = (names[1], names[0]) if side else names
        return chance.choice(RELATIONS[axis, side if axis == scene.axis else 0]).format(first, second), things, axis

    def deed(self, one: int, other: int) -> str | None:
        """What one of the two does with the other, if they are things that do."""
        ways = [(a, b) for a, b in ((one, other), (other, one)) if (self.kinds[a], self.kinds[b]) in deeds.DEEDS]
        if not ways:
            return None
        doer, done_to = self.chance.choice(ways)
        forms = deeds.DEEDS[self.kinds[doer], self.kinds[done_to]]
        return self.chance.choice(forms).format(self.name(doer), self.name(done_to))

    def scenes(self, count: int) -> list[Scene]:
        """Groups of four that differ in one respect each, so that every caption has near misses beside it."""
        chance, found = self.chance, []
        while len(found) < count:
            kind = chance.random()
            a, b, c = self.company(chance.random() < 0.4)
            if held_out_pair(a, b) or held_out_pair(a, c) or held_out_pair(b, c):
                continue
            axis = chance.randrange(2)
            if kind < 0.2:
                a = chance.choice(self.sayable)
                group = (((a,), axis), ((b,), axis), ((a,), axis), ((b,), axis))
            else:
                last = (a, b, c) if kind < 0.36 else (a, a) if kind < 0.44 else (a, c)
                group = (((a, b), axis), ((b, a), axis), ((a, b), 1 - axis), (last, axis))
            for things, along in group:
                somewhere = chance.random() < (0.8 if len(things) == 1 else 0.5)
                found.append(Scene(things, along, chance.randrange(1, len(GROUNDS)) if somewhere else NOWHERE))
        return found[:count]

    def company(self, doing: bool) -> list[int]:
        """Three things for a scene: any, or one that may do the same with either of the others."""
        chance = self.chance
        if not doing:
            return chance.sample(self.picturable, 3)
        doer, done_to = chance.choice(list(deeds.DEEDS))
        chosen = [chance.choice(self.of_kind[doer]), *chance.choices(self.of_kind[done_to], k=2)]
        return chosen if len(set(chosen)) == 3 else self.company(doing)

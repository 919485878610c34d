"""The concepts (one per CLDR emoji name) and the names under which the artwork sets file them."""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

COMPONENT_GROUP = 2  # skin tones and hair: no emoji of their own
ANIMALS, FOOD, TRAVEL, ACTIVITIES, OBJECTS, SYMBOLS, FLAGS = 3, 4, 5, 6, 7, 8, 9
PEOPLE = 1

PACKAGES = Path(__file__).parent / "node_modules"

COLOUR_WORDS = re.compile(r"\b(red|orange|yellow|green|blue|purple|pink|brown|black|white|grey|gray|gold|silver|light)\b")
FACING = re.compile(r"\b(left|right|arrow|clockwise|counterclockwise|o’clock|thirty|backhand|forward|reverse)\b|-")


@dataclass(frozen=True)
class Concept:
    slug: str
    label: str
    keywords: tuple[str, ...]  # CLDR
    extra: tuple[str, ...]  # what people call it elsewhere (emojilib)
    group: int
    subgroup: str
    emoji: str

    @property
    def keeps_colour(self) -> bool:
        """Its colour is its meaning."""
        return self.group == FLAGS or bool(COLOUR_WORDS.search(self.label))

    @property
    def keeps_side(self) -> bool:
        """Its mirror image means something else."""
        return self.group in (SYMBOLS, FLAGS) or bool(FACING.search(self.label))

    @property
    def picturable(self) -> bool:
        """A thing that may stand beside another in a scene."""
        clock = self.group == TRAVEL and ("o’clock" in self.label or "thirty" in self.label)
        return self.group in (PEOPLE, ANIMALS, FOOD, TRAVEL, ACTIVITIES, OBJECTS) and not clock


def slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.replace("&", "and").replace("'", "")).strip("-")


def load() -> list[Concept]:
    people_say = json.loads((PACKAGES / "emojilib/dist/emoji-en-US.json").read_text())
    subgroups = json.loads((PACKAGES / "emojibase-data/meta/groups.json").read_text())["subgroups"]
    found = {}
    for entry in json.loads((PACKAGES / "emojibase-data/en/data.json").read_text()):
        if entry.get("group", COMPONENT_GROUP) == COMPONENT_GROUP:
            continue
        label, emoji = entry["label"], entry["emoji"]
        extra = people_say.get(emoji) or people_say.get(emoji.replace("\ufe0f", "")) or ()
        found[slug(label)] = Concept(
            slug(label),
            label,
            tuple(tag.lower() for tag in entry.get("tags", ())),
            tuple(word.replace("_", " ").lower() for word in extra if re.fullmatch(r"[\w '’-]{2,}", word)),
            entry["group"],
            subgroups[str(entry["subgroup"])],
            emoji,
        )
    return [found[name] for name in sorted(found)]


def names(concepts: list[Concept]) -> dict[str, int]:
    """Squashed artwork name -> concept: CLDR label first, then the Unicode character name."""
    table = {squash(c.label): i for i, c in enumerate(concepts)}
    for i, concept in enumerate(concepts):
        bare = concept.emoji.replace("\ufe0f", "")
        if concept.group == FLAGS:
            table.setdefault("flagfor" + squash(concept.label).removeprefix("flag"), i)
            table.setdefault("flag" + squash(concept.label), i)
            table.setdefault("flagforflag" + squash(concept.label).removeprefix("flag"), i)
        if len(bare) == 1:
            table.setdefault(squash(unicodedata.name(bare, concept.label)), i)
    return table


def squash(name: str) -> str:
    return slug(name).replace("-", "")

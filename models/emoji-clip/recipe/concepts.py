"""What an icon is called, and which of Unicode's concepts the model learns."""

import json
import pathlib
import re
import unicodedata

EMOJI = pathlib.Path(__file__).parent / "node_modules/emojibase-data/en/data.json"

# emojibase groups: 1 people, 3 animals and nature, 4 food, 5 travel, 6 activities, 7 objects; 2 holds components.
COMPONENTS = 2
WHOLE_GROUPS = (3, 4, 6)

PEOPLE = set(
    "man,woman,boy,girl,baby,person,child,family,horse racing,person biking,man biking,woman biking,person surfing,"
    "person swimming,person running,man running,woman running,man dancing,woman dancing,person walking,man walking,"
    "woman walking,skier,snowboarder,person golfing,person climbing,mermaid,fairy,princess,prince,santa claus,cook,"
    "farmer,astronaut,firefighter,police officer,teacher,student,artist,pilot,doctor,health worker,woman feeding baby,"
    "breast-feeding,pregnant woman,person in bed,person taking bath,ninja,zombie,vampire,ghost,robot,alien,"
    "pile of poo,clown face,skull,smiling face with sunglasses,crying face,pouting face,red heart".split(",")
)
TRAVEL = re.compile(
    "car|bus|train|plane|ship|boat|rocket|bicycle|scooter|truck|taxi|ambulance|engine|helicopter|tractor|metro|tram|"
    "railway|house|castle|mountain|beach|volcano|island|church|mosque|hospital|school|factory|bridge|statue|fountain|"
    "tent|sun|moon|star|cloud|rain|snow|fire|wave|rainbow|umbrella|lightning|tornado|globe|motorcycle|canoe|anchor|"
    "sailboat|fuel|traffic light|wheel|satellite|hotel|hut|carousel|ferris|roller"
)
OBJECTS = re.compile(
    "guitar|violin|piano|trumpet|saxophone|drum|accordion|banjo|microphone|headphone|radio|telephone|phone|laptop|"
    "computer|camera|television|book|newspaper|money|envelope|package|pencil|pen|brush|scissors|hammer|axe|wrench|gun|"
    "bow|shield|key|lock|bed|chair|couch|toilet|shower|bathtub|door|candle|bulb|clock|watch|hourglass|glasses|shirt|"
    "jeans|dress|shoe|boot|hat|crown|ring|gem|lipstick|bag|backpack|magnet|microscope|telescope|syringe|pill|cart|"
    "balloon|gift|trophy|medal"
)


def slug(text: str) -> str:
    """The form that icon names have: "Côte d'Ivoire" becomes "cote-divoire"."""
    text = text.lower().replace("&", "and").replace("’", "").replace("'", "")
    plain = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")


def load() -> dict[str, dict]:
    """Every concept by its slug: CLDR label, keywords and group."""
    return {
        slug(emoji["label"]): {"label": emoji["label"], "tags": emoji.get("tags", []), "group": emoji["group"]}
        for emoji in json.loads(EMOJI.read_text(encoding="utf-8"))
        if emoji.get("group", COMPONENTS) != COMPONENTS
    }


def everyday(concept: dict) -> bool:
    """Whether a concept is among those that the model learns: no flags, faces, signs or times of day."""
    label, group = concept["label"].lower(), concept["group"]
    if group in WHOLE_GROUPS:
        return True
    if group == 5:
        return bool(TRAVEL.search(label)) and "o’clock" not in label and "thirty" not in label
    if group == 7:
        return bool(OBJECTS.search(label))
    return label in PEOPLE

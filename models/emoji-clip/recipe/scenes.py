"""What the demo's pictures show. Coordinates are hundredths of the picture; (0, 0) is the upper left corner."""

import dataclasses
import random

SEED = 2026


@dataclasses.dataclass(frozen=True)
class Piece:
    icon: str  # set:icon
    x: float
    y: float
    size: float
    flip: bool = False
    turn: float = 0
    shadow: bool = False
    recolour: dict | None = None


@dataclasses.dataclass(frozen=True)
class Scene:
    file: str
    title: str
    background: str
    pieces: list[Piece]
    sentence: str | None = None


@dataclasses.dataclass(frozen=True)
class Single:
    icon: str  # set:icon
    suffix: str

    @property
    def file(self) -> str:
        return f"{self.icon.replace(':', '-')}.{self.suffix}"


def sky(top: str, bottom: str) -> str:
    return (
        f'<linearGradient id="sky" x2="0" y2="1"><stop stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/>'
        '</linearGradient><rect width="100" height="100" fill="url(#sky)"/>'
    )


def cloud(x: float, y: float, size: float) -> str:
    return (
        f'<g transform="translate({x} {y}) scale({size})" fill="#fff" opacity=".85"><circle r="4"/><circle cx="5" cy="-2" r="5"/>'
        '<circle cx="10" r="4"/><rect x="0" y="0" width="10" height="4"/></g>'
    )


def hills(colour: str, y: float, lift: float = 6) -> str:
    return f'<path d="M0 {y} Q25 {y - lift} 50 {y} T100 {y} V100 H0Z" fill="{colour}"/>'


def grass(colour: str, top: float, seed: int, count: int = 40) -> str:
    """Tufts, larger towards the viewer."""
    dice = random.Random(seed)
    tufts = []
    for _ in range(count):
        y = dice.uniform(top, 99)
        x, size = dice.uniform(0, 100), 0.5 + (y - top) / (100 - top)
        tufts.append(f'<path d="M{x:.1f} {y:.1f}l{-size:.1f} {-3 * size:.1f} {size:.1f} {1.4 * size:.1f} {size:.1f} {-1.8 * size:.1f}z"/>')
    return f'<g fill="{colour}">{"".join(tufts)}</g>'


def stars(seed: int, count: int = 60) -> str:
    dice = random.Random(seed)
    dots = (
        f'<circle cx="{dice.uniform(0, 100):.1f}" cy="{dice.uniform(0, 100):.1f}" r="{dice.uniform(0.15, 0.6):.2f}"/>'
        for _ in range(count)
    )
    return f'<g fill="#fff">{"".join(dots)}</g>'


def fence(y: float) -> str:
    posts = "".join(f'<rect x="{x}" y="{y - 9}" width="2.4" height="17" rx=".8"/>' for x in range(3, 100, 15))
    return f'<g fill="#fff" stroke="#b9a98d" stroke-width=".4"><rect x="-2" y="{y - 6}" width="104" height="2.6"/><rect x="-2" y="{y}" width="104" height="2.6"/>{posts}</g>'


def road(y: float) -> str:
    dashes = "".join(f'<rect x="{x}" y="{y + 10}" width="9" height="1.6"/>' for x in range(-3, 100, 17))
    return f'<rect y="{y}" width="100" height="22" fill="#5d6470"/><g fill="#f4e8b8">{dashes}</g>'


def rails(y: float) -> str:
    ties = "".join(f'<rect x="{x}" y="{y}" width="4" height="3"/>' for x in range(0, 100, 8))
    return f'<g fill="#7b5b3f">{ties}</g><rect y="{y - 1}" width="100" height="1.4" fill="#8b929c"/>'


MEADOW = sky("#8fd0f5", "#e6f6fb") + cloud(12, 16, 1.1) + cloud(68, 12, 0.8) + hills("#a5cf74", 58) + hills("#86bd58", 66, 3)
MEADOW += grass("#6ea544", 68, SEED)
FIELD = sky("#8fd0f5", "#e6f6fb") + hills("#b9d77a", 50) + hills("#9cc95f", 58, 3) + grass("#82b14c", 60, 7, 60)
PADDOCK = sky("#9fd3f0", "#edf7fb") + hills("#9cc873", 48, 4) + fence(54)
PADDOCK += '<rect y="60" width="100" height="40" fill="#a9d27c"/>' + grass("#8dbb62", 64, SEED + 2)
STAGE = sky("#3a2a63", "#7a4aa0") + '<path d="M38 0 L8 90 H92 L62 0Z" fill="#fff3c4" opacity=".16"/>'
STAGE += '<ellipse cx="50" cy="96" rx="60" ry="12" fill="#5c3688"/>'
WHITE_HORSE = {"#d17858": "#ffffff", "#a95531": "#d3dae2"}

SCENES = [
    Scene(
        "cheetah-hunt.jpg",
        "A spotted big cat after a deer",
        FIELD,
        [Piece("fluent-emoji-flat:deer", 25, 58, 48, shadow=True), Piece("noto:leopard", 73, 56, 54, shadow=True)],
        "A cheetah chases prey on across a field.",
    ),
    Scene(
        "bread-meal.png",
        "A man beside a loaf of bread",
        sky("#ffe9c7", "#ffd9a0"),
        [Piece("twemoji:man", 70, 50, 60), Piece("twemoji:bread", 28, 58, 52)],
        "A man is eating a piece of bread.",
    ),
    Scene(
        "girl-and-baby.webp",
        "A girl holding a baby",
        MEADOW,
        [Piece("twemoji:woman-feeding-baby", 50, 54, 78)],
        "The girl is carrying a baby.",
    ),
    Scene(
        "airplane-car.png",
        "An airplane above a car",
        sky("#bfe3f7", "#ffffff") + cloud(8, 50, 0.9) + cloud(78, 44, 0.8) + '<rect y="89" width="100" height="11" fill="#878d97"/>',
        [Piece("twemoji:airplane", 50, 27, 50), Piece("twemoji:automobile", 50, 70, 52)],
        "There is an airplane over a car.",
    ),
    Scene(
        "rider.jpg",
        "A man on a brown horse",
        MEADOW,
        [Piece("noto:horse-racing", 50, 54, 88)],
        "A man is riding a horse.",
    ),
    Scene(
        "carts-in-the-woods.webp",
        "Two men with carts among trees",
        MEADOW,
        [
            *(Piece("noto:deciduous-tree", x, 34, 46, shadow=True) for x in (8, 92)),
            Piece("noto:evergreen-tree", 50, 34, 46, shadow=True),
            Piece("noto:man-walking", 14, 70, 52, flip=True, shadow=True),
            Piece("noto:shopping-cart", 37, 76, 32, flip=True, shadow=True),
            Piece("noto:man-walking", 62, 70, 52, flip=True, shadow=True),
            Piece("noto:shopping-cart", 85, 76, 32, flip=True, shadow=True),
        ],
        "Two men pushed carts through the woods.",
    ),
    Scene(
        "carriage.png",
        "A horse in front of a small carriage",
        MEADOW,
        [Piece("twemoji:horse", 26, 58, 46), Piece("twemoji:auto-rickshaw", 72, 58, 48)],
        "There is a carriage in the image.",
    ),
    Scene(
        "white-horse.jpg",
        "A man on a white horse inside a fence",
        PADDOCK,
        [Piece("noto:horse-racing", 50, 54, 84, shadow=True, recolour=WHITE_HORSE)],
        "A man is riding a white horse on an enclosed ground.",
    ),
    Scene(
        "monkey-drums.webp",
        "A monkey at a drum on a stage",
        STAGE,
        [Piece("twemoji:monkey", 50, 34, 56), Piece("twemoji:drum", 50, 75, 44)],
        "A monkey is playing drums.",
    ),
    Scene(
        "rocket-moon.png",
        "A rocket on its way to the moon",
        sky("#1b2a6b", "#5a4fa3") + stars(SEED),
        [Piece("twemoji:full-moon", 74, 30, 44), Piece("twemoji:rocket", 30, 66, 46)],
    ),
    Scene(
        "penguin-snowman.jpg",
        "A penguin and a snowman",
        sky("#bfe3f7", "#f5fbff") + hills("#ffffff", 62, 5) + hills("#e3f1f8", 78, 2),
        [
            Piece("fluent-emoji-flat:penguin", 27, 60, 46, shadow=True),
            Piece("fluent-emoji-flat:snowman", 73, 56, 46, shadow=True),
        ],
    ),
    Scene(
        "octopus-fish.webp",
        "An octopus and a fish in the sea",
        sky("#8fdcf5", "#1f6fae") + hills("#e2cf9c", 90, 3),
        [Piece("noto:octopus", 28, 58, 46), Piece("noto:fish", 73, 48, 42)],
    ),
    Scene(
        "elephant-butterfly.jpg",
        "An elephant and a butterfly",
        MEADOW,
        [Piece("fluent-emoji-flat:elephant", 29, 60, 50, shadow=True), Piece("fluent-emoji-flat:butterfly", 76, 48, 40)],
    ),
    Scene(
        "cloud-umbrella.png",
        "A cloud above an umbrella",
        sky("#d5dfe8", "#f6f9fb"),
        [Piece("noto:cloud-with-rain", 50, 27, 46), Piece("noto:umbrella", 50, 74, 46)],
    ),
    Scene(
        "teapot-cookie.webp",
        "A teapot and a cookie",
        sky("#efe6fb", "#ffffff") + '<rect y="80" width="100" height="20" fill="#d9c4f0"/>',
        [Piece("twemoji:teapot", 29, 58, 48, shadow=True), Piece("twemoji:cookie", 75, 64, 38, shadow=True)],
    ),
    Scene(
        "pencil-scissors.png",
        "A pencil and a pair of scissors",
        sky("#e9f7ef", "#ffffff"),
        [Piece("fluent-emoji-flat:pencil", 27, 54, 46), Piece("fluent-emoji-flat:scissors", 73, 54, 46)],
    ),
]
SENTENCES = [scene.sentence for scene in SCENES if scene.sentence]

# The small pictures: two of each thing or so, in different hands and file formats.
PALETTE = ["#ffffff", "#fdf3e3", "#e8f3fb", "#edf7ea", "#f6ecf9", "#fff0f0", "#f4f4f6"]
QUERIES = [
    "red fruit",
    "instrument music",
    "hot drink",
    "idea",
    "birthday gift",
    "vehicle",
    "sea creature",
    "winter",
]
SINGLES = [
    Single(f"{name}:{icon}", suffix)
    for name, suffix, icons in (
        (
            "noto",
            "png",
            "strawberry owl guitar rocket tulip snowman racing-car tiger teapot bicycle house camera"
            " pineapple zebra soccer-ball telescope croissant violin church scissors lemon honeybee kite umbrella sushi kangaroo",
        ),
        (
            "twemoji",
            "webp",
            "trumpet parrot helicopter sunflower snowflake fire-engine wine-glass watermelon crab key umbrella"
            " giraffe dolphin hamburger police-car tent cactus flamingo hammer grapes bread ambulance bed anchor"
            " balloon tractor rabbit crying-face rainbow broccoli microscope basketball",
        ),
        (
            "fluent-emoji-flat",
            "png",
            "violin duck airplane rose hot-beverage pizza whale locomotive castle gem-stone"
            " avocado hedgehog chair t-shirt trophy lobster carrot koala bus lion mushroom rainbow alarm-clock"
            " popcorn shark candle toothbrush red-heart face-with-tears-of-joy laptop",
        ),
        (
            "emojione",
            "jpg",
            "saxophone penguin cherry-blossom automobile beer-mug cherries turtle sailboat crown"
            " banana camel pear monkey motorcycle rooster volcano baseball snail moai envelope"
            " sunset frog-face peach ship bomb doughnut ghost scorpion sheaf-of-rice chocolate-bar hot-pepper game-die",
        ),
        (
            "noto-v1",
            "jpg",
            "musical-keyboard eagle bouquet skis ice-cream elephant wrapped-gift mountain"
            " bear tomato speedboat jack-o-lantern horse ear-of-corn bell lipstick taxi cookie volleyball ram"
            " hot-dog shower factory spider dress shrimp newspaper battery map-of-japan teacup-without-handle",
        ),
        (
            "fluent-emoji",
            "webp",
            "drum hatching-chick hibiscus tropical-drink banana octopus hut light-bulb"
            " cat dog butterfly delivery-truck cheese-wedge guitar mouse teddy-bear ladder coconut tornado"
            " birthday-cake panda ferris-wheel maple-leaf magnet bathtub peacock thinking-face axe chess-pawn sewing-needle swan",
        ),
        (
            "fxemoji",
            "webp",
            "hamburger snail pig birthdaycake trophy watermelon rocket bicycle frog guitar airplane"
            " tractor pineapple octopus camera",
        ),
    )
    for icon in icons.split()
]

"""What one thing may do with another, as a sentence tells it ("a man is eating a piece of bread"), and words for whole kinds of things."""

from concepts import Concept

PEOPLE, YOUNG, MOUNT, ANIMAL, PREY, FOOD, DRINK = "people", "young", "mount", "animal", "prey", "food", "drink"
INSTRUMENT, VEHICLE, AIRCRAFT, BOAT, CART, CLOTHES, GAME, READING, TOOL = (
    "instrument", "vehicle", "aircraft", "boat", "cart", "clothes", "game", "reading", "tool")  # fmt: skip

KIND_OF = {
    "baby": YOUNG, "child": YOUNG, "horse": MOUNT, "camel": MOUNT, "two-hump-camel": MOUNT, "elephant": MOUNT, "donkey": MOUNT,
    "unicorn": MOUNT, "zebra": MOUNT, "deer": PREY, "rabbit": PREY, "mouse": PREY, "goat": PREY, "ewe": PREY, "chicken": PREY,
    "duck": PREY, "chipmunk": PREY, "fish": PREY, "shopping-cart": CART, "luggage": CART, "manual-wheelchair": CART,
    "person-standing": PEOPLE, "man-standing": PEOPLE, "woman-standing": PEOPLE, "person-walking": PEOPLE, "man-walking": PEOPLE,
    "woman-walking": PEOPLE, "person-running": PEOPLE, "man-running": PEOPLE, "woman-running": PEOPLE,
}  # fmt: skip
KIND_OF_SUBGROUP = {
    "person": PEOPLE, "person-role": PEOPLE, "animal-mammal": ANIMAL, "animal-bird": ANIMAL, "animal-reptile": ANIMAL,
    "animal-marine": ANIMAL, "food-fruit": FOOD, "food-vegetable": FOOD, "food-prepared": FOOD, "food-asian": FOOD, "food-sweet": FOOD,
    "drink": DRINK, "musical-instrument": INSTRUMENT, "transport-ground": VEHICLE, "transport-air": AIRCRAFT,
    "transport-water": BOAT, "clothing": CLOTHES, "sport": GAME, "game": GAME, "book-paper": READING, "tool": TOOL,
}  # fmt: skip

EATING = ("{} is eating {}", "{} eats {}", "{} has {} for lunch", "{} bites into {}")
PLAYING = ("{} is playing {}", "{} plays {}", "{} makes music with {}")
CHASING = ("{} chases {}", "{} is chasing {}", "{} hunts {}", "{} runs after {}", "{} follows {}")
CARRYING = ("{} is carrying {}", "{} carries {}", "{} is holding {}", "{} holds {}")
PUSHING = ("{} is pushing {}", "{} pushed {}", "{} pushes {}", "{} pulls {}")
DRIVING = ("{} is driving {}", "{} drives {}", "{} drove away in {}")
DEEDS = {
    (PEOPLE, FOOD): (*EATING, "{} is having {}", "{} tastes {}", "{} is cooking {}"),
    (PEOPLE, DRINK): ("{} is drinking {}", "{} drinks {}", "{} has a sip of {}"),
    (PEOPLE, INSTRUMENT): PLAYING,
    (PEOPLE, YOUNG): (*CARRYING, *CARRYING, "{} is hugging {}", "{} looks after {}"),
    (PEOPLE, MOUNT): ("{} is riding {}", "{} rides {}", "{} is feeding {}", "{} on {}"),
    (PEOPLE, ANIMAL): ("{} is feeding {}", "{} feeds {}", "{} is petting {}", "{} looks at {}", "{} takes care of {}"),
    (PEOPLE, PREY): ("{} is feeding {}", "{} hunts {}", "{} looks at {}", "{} is holding {}"),
    (PEOPLE, VEHICLE): (*DRIVING, "{} gets into {}", "{} is washing {}"),
    (PEOPLE, AIRCRAFT): ("{} is flying {}", "{} flies in {}", "{} boards {}"),
    (PEOPLE, BOAT): ("{} is sailing {}", "{} travels on {}", "{} is on board of {}"),
    (PEOPLE, CART): PUSHING,
    (PEOPLE, CLOTHES): ("{} is wearing {}", "{} wears {}", "{} puts on {}", "{} buys {}"),
    (PEOPLE, GAME): ("{} is playing with {}", "{} plays with {}", "{} has won with {}"),
    (PEOPLE, READING): ("{} is reading {}", "{} reads {}", "{} looks into {}"),
    (PEOPLE, TOOL): ("{} is using {}", "{} works with {}", "{} is holding {}"),
    (ANIMAL, PREY): CHASING,
    (ANIMAL, ANIMAL): (*CHASING, "{} plays with {}"),
    (ANIMAL, FOOD): EATING,
    (MOUNT, FOOD): EATING,
    (PREY, FOOD): EATING,
    (ANIMAL, INSTRUMENT): PLAYING,
    (MOUNT, CART): ("{} is pulling {}", "{} pulls {}"),
    (MOUNT, VEHICLE): ("{} is pulling {}", "{} in front of {}"),
}

# What a thing may be called when its own name does not matter.
IN_GENERAL = {
    PEOPLE: ("someone", "a person", "somebody"), YOUNG: ("a baby", "a kid"), ANIMAL: ("an animal", "a creature"),
    MOUNT: ("an animal",), PREY: ("prey", "its prey", "the prey", "an animal"), FOOD: ("food", "something to eat", "a meal"),
    DRINK: ("a drink", "something to drink"), INSTRUMENT: ("an instrument", "a musical instrument"), VEHICLE: ("a vehicle",),
    AIRCRAFT: ("an aircraft",), BOAT: ("a boat",), CART: ("a cart", "carts"), CLOTHES: ("clothes", "something to wear"),
    GAME: ("a game",), READING: ("something to read",), TOOL: ("a tool",),
}  # fmt: skip


def kind(concept: Concept) -> str:
    return KIND_OF.get(concept.slug, KIND_OF_SUBGROUP.get(concept.subgroup, ""))

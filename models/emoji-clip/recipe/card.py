"""The figures that evaluate.py measures, as tables of the model card."""

import json
from pathlib import Path

import artwork

BEGIN, END = "<!-- figures: evaluate.py --write -->", "<!-- /figures -->"


def table(figures: dict) -> str:
    label = figures["label"]
    lines = [f"Picture -> label among {label['concepts']}:", "", "| style | pictures | R@1 | R@5 | |", "|---|---|---|---|---|"]
    for name in artwork.TRAINING + artwork.HELD_OUT:
        row, note = label[name], "seen in training" if name in artwork.TRAINING else "style never seen"
        lines.append(f"| {name} | {row['count']} | {row['R@1']:.3f} | {row['R@5']:.3f} | {note} |")
    lines += ["", "| question | asked | answered right |", "|---|---|---|"]
    for name, row in figures["keyword"].items():
        lines.append(f"| keyword ({name}) -> a picture that has it among the first 10 | {row['count']} | {row['R@10']:.3f} |")
    for styles, row in figures["scene"].items():
        for name in ("of 8", "right rather than swapped", "things right, whatever their relation"):
            lines.append(f"| scene of two, {styles}: {name} | {row['count']} | {row[name]:.3f} |")
    lines += ["", "| match | calibration error | false matches at 90% recall | right at 0.5 |", "|---|---|---|---|"]
    for name in ("seen styles", "styles never seen", "scenes", "all"):
        row = figures["match"][name]
        lines.append(f"| {name} | " + " | ".join(f"{v:.3f}" for v in row.values()) + " |")
    lines += ["", "| the demo's sentence | place of its scene |", "|---|---|"]
    lines += [f"| {sentence} | {place} |" for sentence, place in figures["demo"].items()]
    return "\n".join(lines)


def write(folder: Path, figures: dict) -> None:
    """figures.json beside the recipe, the calibration beside the weights, the tables into the card."""
    (Path(__file__).parent / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    calibration = {"kind": "platt", "scale": round(figures["match"]["scale"], 4), "offset": round(figures["match"]["offset"], 4)}
    (folder / "calibration.json").write_text(json.dumps(calibration, indent=2) + "\n")
    card = (folder / "README.md").read_text()
    before, rest = card.split(BEGIN)
    (folder / "README.md").write_text(f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{rest.split(END)[1]}")

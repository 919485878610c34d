"""Times the encoders of clip4j and of its peers in one run, on random weights, and prints Markdown tables.

Everybody takes turns on the same inputs, each peer at its best setting (encoders.py); the truth is transformers in float32.

    python -m venv venv && venv/bin/pip install -r benchmarks/peers/requirements.txt
    venv/bin/python benchmarks/peers/encode.py [--models ViT-B-32] [--work FOLDER] [--only REGEX] [--engines REGEX]
"""

import argparse
import dataclasses
import operator
import pathlib
import re
import statistics
import sys
import tempfile
import time
import typing

import numpy as np
import open_clip
import torch
from PIL import Image

import clip_models
import encoders
import harness

PRECISIONS = ["FP32", "BF16", "INT8"]  # clip4j's
EQUAL = 1e-6  # cosines that differ by less count as equal accuracy


@dataclasses.dataclass
class Task:
    """What a call encodes, by kind of work, of each turn; every engine takes the first kind that it knows."""

    name: str
    items: int
    given: typing.Callable[[int], dict]
    expected: typing.Callable[[int], np.ndarray | None]  # the true rows
    calls: int = 1  # in a turn
    text: typing.Callable[[float, int], str] = lambda seconds, items: f"{items / seconds:,.1f}/s"


class Clip4j:
    """PeerEncode, a process that times its calls itself."""

    setting = ""

    def __init__(self, name, kinds, work, folder, precision, threads):
        self.name, self.kinds = name, kinds
        self.given, self.rows = work / "given", work / "rows"
        self.process = harness.JavaPeer("PeerEncode", folder, precision, threads, "cpu")

    def prepare(self, kind, given):
        self.time(kind, given, 3)

    def time(self, kind, given, calls):
        if kind == "rgb":
            given.tofile(self.given)
        else:
            self.given.write_text("".join(f"{line}\n" for line in given), encoding="utf-8")
        return self.process.times(kind, self.given, calls, self.rows), np.fromfile(self.rows, np.float32)

    def close(self):
        self.process.close()


class Peer:
    def __init__(self, encoder):
        self.name, self.kinds, self.work = encoder.name, list(encoder.work), encoder.work
        self.setting = ""

    def prepare(self, kind, given):
        """Calls each setting once for what is compiled then, and keeps the fastest."""
        settings, trials = self.work[kind], []
        for self.setting in settings:
            self.time(kind, given, 1)
            trials.append((self.time(kind, given, 1)[0][0] if len(settings) > 1 else 0, self.setting))
        self.setting = min(trials)[1]

    def time(self, kind, given, calls):
        times = []
        for _ in range(calls):
            start = time.perf_counter()
            rows = self.work[kind][self.setting](given)
            times.append(time.perf_counter() - start)
        return times, rows

    def close(self):
        pass


@dataclasses.dataclass
class Cell:
    seconds: float
    speed: str
    accuracy: str
    setting: str
    worst: float | None  # cosine


class Tally:
    def __init__(self):
        self.times, self.cosines = [], []

    def add(self, times, rows, expected):
        self.times += times
        if expected is not None:
            rows = np.asarray(rows, np.float64).reshape(expected.shape)  # of length 1 only to bf16's precision, some of them
            self.cosines.append((rows * expected).sum(1) / np.linalg.norm(rows, axis=1))

    def cell(self, task, setting):
        seconds, accuracy, worst = statistics.median(self.times), "", None
        if self.cosines:
            cosines = np.concatenate(self.cosines)
            worst, accuracy = cosines.min(), f"{cosines.min():.6f} / {np.median(cosines):.6f}"
        return Cell(seconds, task.text(seconds, task.items), accuracy, setting, worst)


def run(task, engines, rounds):
    """One task by everybody who can: {engine: its cell}."""
    print(f"encode.py: {task.name}", file=sys.stderr, flush=True)
    given = task.given(0)
    able = {engine: kinds[0] for engine in engines if (kinds := [kind for kind in given if kind in engine.kinds])}
    tallies = {engine: Tally() for engine in able}
    with torch.inference_mode():
        for engine, kind in able.items():
            engine.prepare(kind, given[kind])
        for turn in range(rounds):
            given, expected = task.given(turn), task.expected(turn)
            for engine, kind in able.items():
                time.sleep(0.05)  # until the threads of the one before sleep
                tallies[engine].add(*engine.time(kind, given[kind], task.calls), expected)
    return {engine.name: tally.cell(task, engine.setting) for engine, tally in tallies.items()}


def tasks(size, work, truth, preprocess):
    paths = clip_models.draw_jpegs(work, size.files)
    pixels = torch.stack([preprocess(Image.open(path)) for path in paths])
    values = pixels.permute(0, 2, 3, 1).numpy() * np.float32(open_clip.OPENAI_DATASET_STD) + np.float32(open_clip.OPENAI_DATASET_MEAN)
    rgb = np.rint(255 * values).astype(np.uint8)
    rows = np.concatenate([truth["pixels"](part) for part in pixels.split(8)])
    for count, calls in [(32, 1), (1, size.single)]:
        given, expected = dict(pixels=pixels[:count], rgb=rgb[:count]), rows[:count]
        if count == 1:
            yield Task("1 image", 1, lambda turn, g=given: g, lambda turn, e=expected: e, calls,
                       lambda seconds, items: harness.duration(seconds))
        else:
            yield Task(f"{count} images", count, lambda turn, g=given: g, lambda turn, e=expected: e)
    texts = clip_models.captions(size.rounds * size.texts)
    tokens = [clip_models.token_ids(text) for text in texts]
    text_rows = truth["tokens"](tokens)
    turns = [slice(turn * size.texts, (turn + 1) * size.texts) for turn in range(size.rounds)]
    yield Task(f"{size.texts} captions", size.texts, lambda turn: dict(tokens=tokens[turns[turn]], texts=texts[turns[turn]]),
               lambda turn: text_rows[turns[turn]])
    yield Task("JPEG files", len(paths), lambda turn: dict(files=paths), lambda turn: rows)
    yield Task("preprocessing, a core", len(paths), lambda turn: dict(preprocess=paths), lambda turn: None)


def times_as_fast(results, names):
    """By task: how many times as fast each of clip4j's precisions is as the fastest peer that is as accurate."""
    table = {}
    for task, cells in results.items():
        table[task] = {}
        for name in names:
            ours = cells.get(name)
            others = [(cell.seconds, other) for other, cell in cells.items() if other not in names and ours
                      and (ours.worst is None or cell.worst >= ours.worst - EQUAL)]
            if others:
                seconds, other = min(others)
                table[task][name] = f"{seconds / ours.seconds:.2f}x {other}"
    return table


def measure(size, work, options):
    folder = work / size.name
    clip_models.save(size, folder)
    truth, preprocess, peers = encoders.encoders(size, folder)
    engines = [Clip4j(f"clip4j {precision}", ["rgb", "texts", "files"], work, folder, precision, 0) for precision in PRECISIONS]
    engines.append(Clip4j("clip4j, 1 thread", ["preprocess"], work, folder, PRECISIONS[-1], 1))
    engines += [Peer(peer) for peer in peers if re.search(options.engines, peer.name)]
    names = [engine.name for engine in engines]
    with torch.inference_mode():
        chosen = [task for task in tasks(size, work, truth, preprocess) if re.search(options.only, task.name)]
    results = {task.name: run(task, engines, size.rounds) for task in chosen}
    for engine in engines:
        engine.close()
    print(f"\n### {size.name}")
    for title, column in [("Median speed:", "speed"), ("Cosines to transformers in float32, the worst and the median:", "accuracy"),
                          ("The settings that were fastest:", "setting")]:
        harness.print_table(title, names, results, operator.attrgetter(column))
    ours = [name for name in names if name.startswith("clip4j")]
    harness.print_table("How many times as fast as the fastest peer of at least its accuracy:", ours,
                        times_as_fast(results, ours), str)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, help="a folder that keeps models and pictures for the next run")
    parser.add_argument("--models", default="", help="models whose name matches")
    parser.add_argument("--only", default="", help="tasks whose name matches")
    parser.add_argument("--engines", default="", help="peers whose name matches")
    options = parser.parse_args()
    harness.build()
    torch.set_num_threads(harness.CORES)
    print(harness.machine("torch", "torchvision", "open_clip_torch", "transformers", "onnxruntime", "sentence-transformers",
                          "pillow"))
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or pathlib.Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        for size in clip_models.SIZES:
            if re.search(options.models, size.name):
                measure(size, work, options)


if __name__ == "__main__":
    main()

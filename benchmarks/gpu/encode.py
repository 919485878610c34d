"""Checks and times clip4j's encoders on a GPU against torch on the same one, and prints Markdown.

First the results: clip4j in float32 on the CPU is compared with a plain torch model of the same weights, and clip4j on the
device with clip4j on the CPU. Then the times, in turns; those of torch.compile, which takes minutes, at the end. A step that
fails does not stop the rest, nor does a process of clip4j's that hangs, and lines are written as they come. Needs nothing but
torch and the bundle that it lies in (./run calls it). The exit status is 0 only where nothing of clip4j's failed and every
cosine is what it must be.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import re
import statistics
import sys
import tempfile
import time
import traceback

import torch
from torch.nn import functional

from clip4j_process import BUNDLE, Clip4j, soak
from clip_torch import MEAN, SIDE, SIZES, STD, make, save

WORDS = (3, 23)  # of a text
LEAST = {"FP32": 0.99999, "FP16": 0.9999, "BF16": 0.9995}  # cosines to float32 on the CPU
SAME_MODEL = 0.99999
SOAKED = 40  # seconds
START = time.monotonic()


@dataclasses.dataclass
class Model:
    """The towers in torch, and their folder."""

    name: str
    folder: pathlib.Path
    vision: torch.nn.Module
    text: torch.nn.Module


def draw(count):
    """8-bit pictures of random blots, [count, side, side, 3]."""
    blots = torch.rand(count, 3, 14, 14, generator=torch.Generator().manual_seed(7))
    smooth = functional.interpolate(blots, (SIDE, SIDE), mode="bicubic")
    return (255 * smooth).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def normalized(rgb):
    return ((rgb.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2).contiguous()


def captions(tokenizer, count):
    """Texts, all different, of words that are one token each; and their ids."""
    vocabulary = tokenizer["model"]["vocab"]
    words = [word for word in vocabulary if re.fullmatch("[a-z]{3,}</w>", word)]
    random = torch.Generator().manual_seed(7)
    texts = {}
    while len(texts) < count:
        chosen = torch.randint(len(words), (int(torch.randint(*WORDS, (1,), generator=random)),), generator=random)
        picked = [words[i] for i in chosen]
        texts[" ".join(word[:-4] for word in picked)] = [
            vocabulary["<|startoftext|>"], *(vocabulary[word] for word in picked), vocabulary["<|endoftext|>"]]
    return list(texts), list(texts.values())


def padded(ids):
    longest = max(map(len, ids))
    return torch.tensor([one + [0] * (longest - len(one)) for one in ids]), torch.tensor([len(one) - 1 for one in ids])


def worst(rows, expected):
    return float((rows.view_as(expected).double() * expected.double()).sum(1).min())


def through(encode, device):
    """A function of normalised pixels on the CPU, pinned, that returns rows on the CPU; it does all of it, copies included."""
    return lambda pixels: encode(pixels.to(device, non_blocking=True).to(torch.bfloat16)).float().cpu()


def check(name, cosine, least, failures):
    print(f"| {name} | {cosine:.7f} | {least} | {'yes' if cosine >= least else '**no**'} |", flush=True)
    if not cosine >= least:
        failures.append(name)


def attempt(what, part, failures):
    print(f"{time.monotonic() - START:4.0f} s: {what}", file=sys.stderr, flush=True)
    try:
        return part()
    except Exception as e:
        traceback.print_exc()
        print(f"\n**{what}: {e}**", flush=True)
        failures.append(what)


def in_turns(peers, given, warm, turns, failures):
    """Calls all in turns: the median seconds and the last rows of each. One that does not work is left out."""
    times, rows = {name: [] for name in peers}, {}
    for turn in range(warm + turns):
        for name, encode in list(peers.items()):
            try:
                start = time.perf_counter()
                result = encode(given)
                # clip4j times itself.
                (seconds,), rows[name] = result if isinstance(result, tuple) else ([time.perf_counter() - start], result)
            except Exception as e:
                print(f"\n**{name}: {e}**", flush=True)
                if name.startswith("clip4j"):
                    failures.append(name)
                del peers[name], times[name]
                continue
            if turn >= warm:
                times[name].append(seconds)
    return {name: statistics.median(its) for name, its in times.items()}, rows


def table(count, median, rows):
    """Rates, and the worst cosine to clip4j's rows."""
    if not median:
        raise RuntimeError("nothing worked")
    first = "clip4j BF16" if "clip4j BF16" in median else next(iter(median))
    print(f"| | pictures/s | {first} is | worst cosine to {first} |\n|---|---|---|---|")
    expected = rows[first].view(count, -1)
    for name, seconds in median.items():
        cosine = worst(functional.normalize(rows[name].view_as(expected).float(), dim=1), expected)
        print(f"| {name} | {count / seconds:,.0f} | {seconds / median[first]:.2f}x | {cosine:.6f} |", flush=True)


def prepare(size, tokenizer, work):
    folder = work / size.name
    folder.mkdir()
    vision, text = make(size, len(tokenizer["model"]["vocab"]))
    save(size, vision, text, tokenizer, folder)
    return Model(size.name, folder, vision, text)


def check_results(model, tokenizer, work, options, failures):
    few, (texts, ids) = draw(options.checked), captions(tokenizer, options.texts)
    print(f"\n### {model.name}\n\nThe worst cosine of {options.checked} pictures and of {options.texts} texts:\n")
    print("| | is | must be | right |\n|---|---|---|---|", flush=True)
    with Clip4j(model.folder, work, "FP32", "cpu") as host:
        images, sentences = host.run("rgb", few)[1].view(len(few), -1), host.run("texts", texts)[1].view(len(texts), -1)
    for precision in options.precisions.split(","):
        name = f"clip4j {precision} on {options.device}"

        def on_device():
            with Clip4j(model.folder, work, precision, options.device) as peer:
                for kind, given, expected in (("rgb", few, images), ("texts", texts, sentences)):
                    cosine = worst(peer.run(kind, given)[1], expected)
                    check(f"{name}, {kind}, to FP32 on the CPU", cosine, LEAST[precision], failures)

        attempt(f"{model.name}, {name}", on_device, failures)
    check("clip4j FP32 on the CPU, pictures, to torch's", worst(images, model.vision(normalized(few))), SAME_MODEL, failures)
    check("clip4j FP32 on the CPU, texts, to torch's", worst(sentences, model.text(*padded(ids))), SAME_MODEL, failures)


def time_encoding(model, work, options, precisions, compiled, failures):
    """By clip4j and by torch, eager or compiled."""
    rgb = draw(options.batch)
    pixels = normalized(rgb)
    if options.device != "cpu":
        pixels = pixels.pin_memory()
    half = model.vision.to(options.device, torch.bfloat16)
    encoders = {"torch eager bf16": half}
    if compiled:
        encoders["torch.compile bf16"] = torch.compile(half)
        encoders["torch.compile bf16, its graphs"] = torch.compile(half, mode="reduce-overhead")
    with contextlib.ExitStack() as open_peers:
        peers = {}
        for precision in precisions:
            start = lambda: open_peers.enter_context(Clip4j(model.folder, work / precision, precision, options.device))
            if peer := attempt(f"{model.name}, clip4j {precision}", start, failures):
                peers[f"clip4j {precision}"] = lambda _, p=peer: p.run("encode", rgb)
        # clip4j's pixels are on their way to the device when its clock starts: torch's lie there, or are copied as well.
        there = pixels.to(options.device, torch.bfloat16)
        for name, encode in encoders.items():
            peers[name] = lambda _, e=encode: e(there).float().cpu()
            peers[f"{name}, float32 pixels copied there"] = through(encode, options.device)
        median, rows = in_turns(peers, pixels, 3, options.turns, failures)  # some to warm up, and for what is compiled then
    print(f"\n{model.name}, encoding alone, {options.batch} pictures a call, from values in memory to rows in memory; medians of"
          f" {options.turns} turns:\n")
    table(options.batch, median, rows)


def compare_files(model, jpegs, work, options, failures):
    (work / "mixed").mkdir(exist_ok=True)
    mixed = jpegs.draw(work / "mixed", 2 * options.checked, jpegs.SIZES)
    print(f"\n{model.name}, JPEG files of several sizes, preprocessed by the device and by the CPU:\n\n"
          "| | rows equal to the bit |\n|---|---|")
    def compare(precision):
        both = []
        for kernels in (True, False):
            with Clip4j(model.folder, work, precision, options.device, kernels) as peer:
                both.append(peer.run("files", mixed)[1])
        equal = torch.equal(*both)
        print(f"| clip4j {precision} | {'yes' if equal else '**no**'} |", flush=True)
        if not equal:
            failures.append(f"{model.name}, clip4j {precision}, files, preprocessed by the device")

    for precision in options.precisions.split(","):
        attempt(f"{model.name}, clip4j {precision}, files", lambda: compare(precision), failures)


def time_files(model, jpegs, work, options, failures):
    (work / "files").mkdir(exist_ok=True)
    paths = jpegs.draw(work / "files", 4 * options.batch, [(640, 480)])
    half = model.vision.to(options.device, torch.bfloat16)
    with Clip4j(model.folder, work, "BF16", options.device) as peer:
        peers = {"clip4j BF16": lambda given: peer.run("files", given)}
        peers |= jpegs.pipelines(lambda pixels: half(pixels.to(torch.bfloat16)), options.device, SIDE, MEAN, STD)
        median, rows = in_turns(peers, paths, 2, options.turns, failures)
    print(f"\n{model.name}, {len(paths)} JPEG files of 640 x 480 to rows; medians of {options.turns} turns:\n")
    table(len(paths), median, rows)


def soak_threads(options):
    print(f"\nEight threads of Java's on one device, {SOAKED} seconds (GpuSoak):\n\n```\n{soak(SOAKED, options.device)}```",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--models", default="ViT", help="those whose name matches")
    parser.add_argument("--precisions", default="FP32,FP16,BF16")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--checked", type=int, default=64)
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--no-compile", action="store_true")
    options = parser.parse_args()
    name = "the CPU" if options.device == "cpu" else torch.cuda.get_device_name(options.device)
    print(f"torch {torch.__version__}, {name}.", flush=True)
    tokenizer, failures, models = json.loads((BUNDLE / "tokenizer.json").read_text()), [], []
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        work, precisions = pathlib.Path(folder), options.precisions.split(",")
        for precision in {*precisions, "BF16"}:
            (work / precision).mkdir()

        def each(what, part):
            for model in models:
                attempt(f"{model.name}: {what}", lambda: part(model), failures)

        for size in SIZES:
            if re.search(options.models, size.name):
                model = attempt(f"{size.name}: weights", lambda: prepare(size, tokenizer, work), failures)
                models += [model] if model else []
        each("results", lambda model: check_results(model, tokenizer, work, options, failures))
        each("encoding", lambda model: time_encoding(model, work, options, precisions, False, failures))
        try:
            import jpegs
        except (ImportError, RuntimeError) as e:  # torchvision is not there, or is another torch's
            print(f"\nJPEG files to rows: not run, for {e}.")
        else:
            each("files, by the device and the CPU", lambda model: compare_files(model, jpegs, work, options, failures))
            each("files", lambda model: time_files(model, jpegs, work, options, failures))
        if options.device != "cpu":
            attempt("eight threads", lambda: soak_threads(options), failures)
        if not options.no_compile:
            each("encoding, torch.compile", lambda model: time_encoding(model, work, options, ["BF16"], True, failures))
    sys.exit(f"not right: {'; '.join(failures)}" if failures else 0)


if __name__ == "__main__":
    main()

"""Checks and times clip4j's encoders on a GPU against torch on the same one, and prints Markdown.

First the results: clip4j in float32 on the CPU is compared with a plain torch model of the same weights, and clip4j on the
device with clip4j on the CPU. Then the times, in turns. Needs nothing but torch and the bundle that it lies in (./run calls it).
The exit status is 0 only where every cosine is what it must be.
"""

import argparse
import ctypes
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from torch.nn import functional

from clip_torch import MEAN, SIDE, SIZES, STD, Vision, make, save

BUNDLE = pathlib.Path(os.environ["CLIP4J_BUNDLE"])
WORDS = (3, 23)  # of a text
LEAST = {"FP32": 0.99999, "FP16": 0.9999, "BF16": 0.9995}  # cosines to float32 on the CPU
SAME_MODEL = 0.99999


class Clip4j:
    """PeerEncode, a process that times its calls itself; with clip4j's library for GPUs or without."""

    def __init__(self, folder, work, precision, device, kernels=True):
        self.given, self.rows = work / "given", work / "rows"
        jars = f"{BUNDLE}/lib/*" + (f":{BUNDLE}/kernels.jar" if kernels else "")
        self.process = subprocess.Popen(
            [BUNDLE / "runtime/bin/java", f"-Dclip4j.libtorch={os.environ['CLIP4J_LIBTORCH']}", "-Xmx8g", "-cp", jars,
             "io.github.clip4j.benchmarks.PeerEncode", folder, precision, "0", device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"clip4j {precision} on {device} did not start")

    def run(self, kind, given, calls=1):
        """The seconds of each call, and the last one's rows."""
        if kind in ("texts", "files"):
            self.given.write_text("".join(f"{line}\n" for line in given), encoding="utf-8")
        else:
            given = given.contiguous()
            self.given.write_bytes(ctypes.string_at(given.data_ptr(), given.numel()))
        print(kind, self.given, calls, self.rows, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if len(answer) != calls:
            sys.exit("clip4j ended")
        return [1e-9 * int(n) for n in answer], torch.frombuffer(bytearray(self.rows.read_bytes()), dtype=torch.float32)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


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


def torch_peers(vision, device, compiled):
    """Functions of normalised pixels on the CPU, pinned, that return rows on the CPU; each does all of it, copies included."""
    half = Vision.to(vision, device, torch.bfloat16)

    def through(encode):
        return lambda pixels: encode(pixels.to(device, non_blocking=True).to(torch.bfloat16)).float().cpu()

    peers = {"torch eager bf16": through(half)}
    if compiled:
        peers["torch.compile bf16"] = through(torch.compile(half))
        peers["torch.compile bf16, its graphs"] = through(torch.compile(half, mode="reduce-overhead"))
    return peers


def timed(encode, given):
    start = time.perf_counter()
    rows = encode(given)
    return time.perf_counter() - start, rows


def check(name, cosine, least, failures):
    print(f"| {name} | {cosine:.7f} | {least} | {'yes' if cosine >= least else '**no**'} |", flush=True)
    if not cosine >= least:
        failures.append(name)


def measure_files(size, folder, vision, work, options, failures):
    """JPEG files to rows."""
    try:
        import jpegs
    except ImportError as e:
        print(f"\nJPEG files to rows: not run, for {e}.")
        return
    pictures = work / f"{size.name}-files"
    pictures.mkdir()
    mixed = jpegs.draw(pictures, 2 * options.checked, jpegs.SIZES)
    print("\nJPEG files of several sizes, preprocessed by the device and by the CPU:\n\n| | rows equal to the bit |\n|---|---|")
    for precision in options.precisions.split(","):
        both = []
        for kernels in (True, False):
            peer = Clip4j(folder, work, precision, options.device, kernels)
            both.append(peer.run("files", mixed)[1].clone())
            peer.close()
        equal = torch.equal(*both)
        print(f"| clip4j {precision} | {'yes' if equal else '**no**'} |", flush=True)
        if not equal:
            failures.append(f"clip4j {precision}, files, preprocessed by the device")

    paths = jpegs.draw(pictures, 4 * options.batch, [(640, 480)])
    half = Vision.to(vision, options.device, torch.bfloat16)
    peers = jpegs.pipelines(lambda pixels: half(pixels.to(torch.bfloat16)), options.device, SIDE, MEAN, STD)
    peer = Clip4j(folder, work, "BF16", options.device)
    work_of = {"clip4j BF16": lambda: peer.run("files", paths)}
    for name, encode in peers.items():
        work_of[name] = lambda e=encode: ([(result := timed(e, paths))[0]], result[1])
    times, rows = {name: [] for name in work_of}, {}
    for turn in range(options.turns + 2):
        for name, run in work_of.items():
            seconds, rows[name] = run()
            if turn >= 2:
                times[name] += seconds
    peer.close()
    print(f"\n{len(paths)} JPEG files of 640 x 480 to rows; medians of {options.turns} turns:\n\n"
          "| | pictures/s | clip4j is | worst cosine to clip4j's |\n|---|---|---|---|")
    median = {name: statistics.median(its) for name, its in times.items()}
    first = rows["clip4j BF16"].view(len(paths), -1)
    for name in work_of:
        cosine = worst(functional.normalize(rows[name].view_as(first).float(), dim=1), first)
        print(f"| {name} | {len(paths) / median[name]:,.0f} | {median[name] / median['clip4j BF16']:.2f}x | {cosine:.6f} |")


def measure(size, tokenizer, work, options, failures):
    folder = work / size.name
    folder.mkdir()
    vision, text = make(size, len(tokenizer["model"]["vocab"]))
    save(size, vision, text, tokenizer, folder)
    few, rgb = draw(options.checked), draw(options.batch)
    texts, ids = captions(tokenizer, options.texts)

    print(f"\n### {size.name}\n\nThe worst cosine of {options.checked} pictures and of {options.texts} texts:\n")
    print("| | is | must be | right |\n|---|---|---|---|")
    host = Clip4j(folder, work, "FP32", "cpu")
    images, sentences = host.run("rgb", few)[1].clone(), host.run("texts", texts)[1].clone()
    host.close()
    images, sentences = images.view(len(few), -1), sentences.view(len(texts), -1)
    check("clip4j FP32 on the CPU, pictures, to torch's", worst(images, vision(normalized(few))), SAME_MODEL, failures)
    check("clip4j FP32 on the CPU, texts, to torch's", worst(sentences, text(*padded(ids))), SAME_MODEL, failures)
    on_device = {}
    for precision in options.precisions.split(","):
        peer = on_device[precision] = Clip4j(folder, work, precision, options.device)
        name = f"clip4j {precision} on {options.device}"
        check(f"{name}, pictures, to FP32 on the CPU", worst(peer.run("rgb", few)[1], images), LEAST[precision], failures)
        check(f"{name}, texts, to FP32 on the CPU", worst(peer.run("texts", texts)[1], sentences), LEAST[precision], failures)

    pixels = normalized(rgb)
    if options.device != "cpu":
        pixels = pixels.pin_memory()
    work_of = {f"clip4j {precision}": lambda p=peer: p.run("encode", rgb) for precision, peer in on_device.items()}
    for name, encode in torch_peers(vision, options.device, not options.no_compile).items():
        work_of[name] = lambda e=encode: ([(result := timed(e, pixels))[0]], result[1])
    times, rows = {name: [] for name in work_of}, {}
    for turn in range(options.turns + 3):  # three to warm up, and for what is compiled then
        for name in list(work_of):
            try:
                seconds, rows[name] = work_of[name]()
            except Exception as e:  # a peer of torch's that does not work here, such as one without a compiler
                if name.startswith("clip4j"):
                    raise
                print(f"{name}: {e}", file=sys.stderr)
                del work_of[name], times[name]
                continue
            if turn >= 3:
                times[name] += seconds
    print(f"\nEncoding alone, {options.batch} pictures a call, from values in memory to rows in memory; medians of {options.turns}"
          " turns:\n\n| | pictures/s | of torch eager | worst cosine to the first |\n|---|---|---|---|")
    median = {name: statistics.median(its) for name, its in times.items()}
    first = rows[next(iter(work_of))].view(options.batch, -1)
    for name in work_of:
        cosine = worst(functional.normalize(rows[name].view_as(first).float(), dim=1), first)
        print(f"| {name} | {options.batch / median[name]:,.0f} | {median['torch eager bf16'] / median[name]:.2f}x | {cosine:.6f} |")
    for peer in on_device.values():
        peer.close()
    measure_files(size, folder, vision, work, options, failures)


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
    print(f"torch {torch.__version__}, {name}.")
    tokenizer, failures = json.loads((BUNDLE / "tokenizer.json").read_text()), []
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            if re.search(options.models, size.name):
                measure(size, tokenizer, pathlib.Path(folder), options, failures)
    sys.exit(f"not right: {'; '.join(failures)}" if failures else 0)


if __name__ == "__main__":
    main()

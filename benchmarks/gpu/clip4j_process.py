"""clip4j in a process of its own, for encode.py."""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import threading

import torch

BUNDLE = pathlib.Path(os.environ["CLIP4J_BUNDLE"])
LONGEST = 120  # seconds that an answer may take


def command(main, *arguments, kernels=True, jvm=("-Xmx8g",)):
    """A main class of the bundle's; with clip4j's library for GPUs or without."""
    jars = f"{BUNDLE}/lib/*" + (f":{BUNDLE}/kernels.jar" if kernels else "")
    return [BUNDLE / "runtime/bin/java", f"-Dclip4j.libtorch={os.environ['CLIP4J_LIBTORCH']}", *jvm, "-cp", jars,
            f"io.github.clip4j.benchmarks.{main}", *arguments]


def soak(seconds, device):
    """What GpuSoak says. Throws where it is not content."""
    heap = "-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"  # what grows is a leak
    done = subprocess.run(command("GpuSoak", str(seconds), device, jvm=heap), timeout=seconds + LONGEST, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"GpuSoak: status {done.returncode}: {done.stdout}")
    return done.stdout


class Clip4j:
    """PeerEncode, a process that times its calls itself."""

    def __init__(self, folder, work, precision, device, kernels=True):
        self.given, self.rows = work / "given", work / "rows"
        self.process = subprocess.Popen(command("PeerEncode", folder, precision, "0", device, kernels=kernels),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.answer() != "ready\n":
            self.process.kill()
            raise RuntimeError(f"clip4j {precision} on {device} did not start")

    def answer(self):
        timer = threading.Timer(LONGEST, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline()
        finally:
            timer.cancel()

    def run(self, kind, given, calls=1):
        """The seconds of each call, and the last one's rows."""
        if kind in ("texts", "files"):
            self.given.write_text("".join(f"{line}\n" for line in given), encoding="utf-8")
        else:
            given = given.contiguous()
            self.given.write_bytes(ctypes.string_at(given.data_ptr(), given.numel()))
        print(kind, self.given, calls, self.rows, sep="\t", file=self.process.stdin, flush=True)
        answer = self.answer().split()
        if len(answer) != calls:
            raise RuntimeError("clip4j ended")
        return [1e-9 * int(n) for n in answer], torch.frombuffer(bytearray(self.rows.read_bytes()), dtype=torch.float32)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.process.kill()

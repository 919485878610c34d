"""What search.py and encode.py share: clip4j's side as a process, the machine in words, durations, Markdown tables."""

import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORES = len(os.sched_getaffinity(0))


class JavaPeer:
    """A main class of benchmarks/ that reads a request a line and answers each with a line."""

    def __init__(self, main, *arguments):
        self.main = main
        classpath = f"{ROOT}/benchmarks/target/classes:{ROOT}/java/clip4j-cli/target/lib/*"
        command = ["java", "-cp", classpath, f"io.github.clip4j.benchmarks.{main}", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"{main} did not start")

    def times(self, *request):
        """Sends a request; the seconds of its calls."""
        print(*request, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.main} ended")
        return [1e-9 * int(nanoseconds) for nanoseconds in answer.split()]

    def close(self):
        self.process.stdin.close()
        if self.process.wait():
            sys.exit(f"{self.main} ended with status {self.process.returncode}")


def build():
    subprocess.run([ROOT / "clip4j", "--version"], check=True, stdout=subprocess.DEVNULL)


def machine(*packages):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    return f"{CORES} cores of {cpu}; {versions}."


def duration(seconds):
    value, unit = (1e3 * seconds, "ms") if seconds >= 1e-3 else (1e6 * seconds, "µs")
    return f"{value:,.{0 if value >= 100 else 1}f} {unit}"


def print_table(title, names, results, text):
    """A row a name, a column a key of `results`, whose values map names to cells; text(cell) fills a field."""
    print(f"\n{title}\n\n| |" + "".join(f" {column} |" for column in results) + "\n|---|" + "---|" * len(results))
    for name in names:
        texts = [text(cells[name]) if name in cells else "" for cells in results.values()]
        if any(texts):
            print(f"| {name} | " + " | ".join(texts) + " |")

"""Times exact top-k by clip4j and by its peers in one run, checks every row found, and prints Markdown tables.

Peers and clip4j take turns on the same matrix, each peer at its best setting (engines.py); the truth is NumPy's in float64,
equal scores in order of row number.

    python -m venv venv && venv/bin/pip install -r benchmarks/peers/requirements.txt
    venv/bin/python benchmarks/peers/search.py [--n 1000000] [--rows rows.npy --queries queries.npy] [--only REGEX]
"""

import argparse
import dataclasses
import operator
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

# Before the libraries read them. The OpenBLAS in FAISS's wheel takes a CPU that is newer than itself for one of 2008 (NumPy's knows
# these, and chooses what is set here by itself). FAISS's own threads, one a shard, would start a team of OpenMP's each; everybody else
# is told by engines.use_cores.
for name in ("OPENBLAS_CORETYPE", "MKL_NUM_THREADS"):
    os.environ.pop(name, None)
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": str(len(os.sched_getaffinity(0)))}
if " avx512f " in pathlib.Path("/proc/cpuinfo").read_text():
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"

import numpy as np
from threadpoolctl import threadpool_info

import engines
import harness

CLIP4J, ROUNDS = "clip4j", 5


@dataclasses.dataclass
class Search:
    name: str
    queries: int
    k: int = 10
    filtered: bool = False
    rows: int | None = None  # the first of them, on one core; all, on every core
    calls: int = 1  # in a turn
    warm_up: int = 1
    heavy: bool = False  # without the slow engines


SEARCHES = [
    Search("1 query", 1, calls=3),
    Search("1 query, 10% allowed", 1, filtered=True, calls=3),
    Search("64 queries", 64),
    Search("64 queries, k = 1,000", 64, k=1000, heavy=True),
    Search("1,024 queries", 1024, heavy=True),
    Search("1 query, 1,000 rows", 1, rows=1000, calls=1000, warm_up=50000),
]


class Clip4j:
    """The Java side, PeerSearch, as a process over the same rows."""

    def __init__(self, work, rows, allowed):
        self.files = work / "rows", work / "queries", work / "hits", work / "allowed"
        allowed.astype(np.int32).tofile(self.files[3])
        rows.tofile(self.files[0])
        self.process = harness.JavaPeer("PeerSearch", self.files[0], rows.shape[1])
        self.files[0].unlink()

    def time(self, pool, search, calls, first):
        pool.tofile(self.files[1])
        times = self.process.times(self.files[1], search.queries, search.k, calls, first, self.files[2],
                                   self.files[3] if search.filtered else "all")
        return times, np.fromfile(self.files[2], np.int32).reshape(calls, search.queries, -1)

    def close(self):
        self.process.close()


def time_peer(setting, pool, search, calls, first):
    times, found = [], []
    for call in range(calls):
        query = (first + call) % len(pool)
        start = time.perf_counter()
        hits = setting(pool[query : query + search.queries], search.k, search.filtered)
        times.append(time.perf_counter() - start)
        if isinstance(hits, list):  # sentence-transformers'
            hits = [[hit["corpus_id"] for hit in of_query] for of_query in hits]
        found.append(np.asarray(hits).reshape(search.queries, -1))
    return times, np.stack(found)


def truth(rows, pool, search, allowed):
    """The best rows of each query by dot product and by cosine, in float64."""
    numbers = allowed if search.filtered else np.arange(len(rows))
    queries, candidates, floor = pool.astype(np.float64), [], -np.inf
    for first in range(0, len(numbers), 16384):
        part = numbers[first : first + 16384]
        scores = queries @ rows[part].astype(np.float64).T
        if first == 0:  # lengths are 1 to float32's precision: whoever is best by either is above this floor
            floor = np.partition(scores, -search.k, axis=1)[:, -search.k, None] - 1e-6
        query, row = np.nonzero(scores >= floor)
        candidates.append((query, part[row], scores[query, row]))
    query, row, score = (np.concatenate(parts) for parts in zip(*candidates))
    by_dot, by_cosine = [], []
    for i, vector in enumerate(queries):
        mine, scores = row[query == i], score[query == i]
        mine = np.sort(mine[scores >= np.sort(scores)[-search.k] - 1e-6])
        vectors = rows[mine].astype(np.float64)
        dot = np.einsum("ij,j->i", vectors, vector)  # equal rows get equal scores
        cosine = dot / np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        by_dot.append(mine[np.argsort(-dot, kind="stable")[: search.k]])
        by_cosine.append(mine[np.argsort(-cosine, kind="stable")[: search.k]])
    return np.array(by_dot), np.array(by_cosine)


@dataclasses.dataclass
class Cell:
    time: float
    text: str
    checked: str
    setting: str
    wrong: int  # queries


class Tally:
    """What an engine took for a search, clip4j's times beside it, and how many queries got the true rows."""

    def __init__(self, expected):
        self.expected, self.times, self.other_times = expected, [], []
        self.queries = self.equal = self.overlap = 0

    def add(self, times, found, first):
        self.times += times
        for query, mine in enumerate(found.reshape(-1, found.shape[-1]), first):
            best = self.expected[query % len(self.expected)]
            self.queries += 1
            self.equal += np.array_equal(mine, best)
            self.overlap += len(np.intersect1d(mine, best)) / len(best)

    def cell(self, exact, setting):
        time, equal = statistics.median(self.times), f"{self.equal} of {self.queries}"
        text = harness.duration(time)
        if self.other_times:
            text += f", {time / statistics.median(self.other_times):.1f}x"
        checked = equal if exact else f"recall {self.overlap / self.queries:.3f}"
        return Cell(time, text, checked, setting, self.queries - self.equal)


def run(search, rows, pool, allowed, peers, clip4j, bandwidths, probe):
    """One search by everybody: {engine: its cell}."""
    print(f"search.py: {search.name}", file=sys.stderr, flush=True)
    by_dot, by_cosine = truth(rows, pool, search, allowed)
    ours, best, tallies = Tally(by_cosine), {}, {}
    peers = [peer for peer in peers if (peer.filters or not search.filtered) and not (peer.slow and search.heavy)]
    clip4j.time(pool, search, search.warm_up, 0)
    for peer in peers:
        for setting in peer.settings.values():
            time_peer(setting, pool, search, 1, 0)  # pages and threads
        trials = [(statistics.median(time_peer(setting, pool, search, search.calls, 0)[0]), name)
                  for _ in range(2) for name, setting in peer.settings.items()]
        best[peer.name] = min(trials)[1]
        tallies[peer.name] = Tally(by_dot)
    for turn in range(ROUNDS):
        if search.queries == 1 and not search.rows:
            bandwidth = float(subprocess.check_output([probe, str(harness.CORES)]))
            # At once, for what memory gives a virtual machine changes when its cores are moved.
            times, _ = clip4j.time(pool, search, search.calls, 0)
            # A row's codes, its scale and its bound.
            bandwidths.append((bandwidth, 1e-9 * (rows.size + 8 * len(rows)) / statistics.median(times)))
        for peer in peers:
            first, tally = turn * search.calls * search.queries % len(pool), tallies[peer.name]
            time.sleep(0.1)  # until the threads of the one before sleep: those of OpenBLAS spin for 2^26 cycles
            tally.add(*time_peer(peer.settings[best[peer.name]], pool, search, search.calls, first), first)
            time.sleep(0.1)
            times, found = clip4j.time(pool, search, search.calls, first)
            ours.add(times, found, first)
            tally.other_times += times
    return {CLIP4J: ours.cell(True, "")} | {peer.name: tallies[peer.name].cell(peer.exact, best[peer.name]) for peer in peers}


def unit(rows):
    rows = np.ascontiguousarray(rows, np.float32)
    return np.divide(rows, np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None], out=rows)


def print_heading(rows, source, bandwidths):
    blas = sorted({f"{library['version']} for {library['architecture']}" for library in threadpool_info()
                   if library["internal_api"] == "openblas"})
    print(harness.machine("faiss-cpu", "torch", "numpy", "usearch", "sentence-transformers"), f"OpenBLAS {', '.join(blas)}.",
          f"{len(rows):,} x {rows.shape[1]} {source}, k = 10 but where said.")
    if bandwidths:
        print("GB/s that this machine reads (bandwidth.c), and that clip4j's single query reads right afterwards:",
              ", ".join(f"{machine:.1f} and {query:.1f}" for machine, query in bandwidths),
              f"(in the median {100 * statistics.median(query / machine for machine, query in bandwidths):.0f}%).")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="random rows")
    parser.add_argument("--rows", help="a .npy of rows instead of random ones")
    parser.add_argument("--queries", help="a .npy of queries")
    parser.add_argument("--only", default="", help="searches whose name matches")
    options = parser.parse_args()
    random = np.random.default_rng(7)
    rows = unit(np.load(options.rows) if options.rows else random.standard_normal((options.n, 512), np.float32))
    queries = unit(np.load(options.queries) if options.queries else random.standard_normal((1024, 512), np.float32))
    allowed = np.sort(random.choice(len(rows), len(rows) // 10, replace=False))
    searches = [s for s in SEARCHES if re.search(options.only, s.name) and s.queries <= len(queries)]
    if not searches:
        parser.error(f"no search matches {options.only}")
    harness.build()
    results, bandwidths, names = {}, [], [CLIP4J]
    with tempfile.TemporaryDirectory() as folder:
        probe = pathlib.Path(folder) / "bandwidth"
        subprocess.run(["cc", "-O3", "-march=native", "-pthread", pathlib.Path(__file__).parent / "bandwidth.c",
                        "-o", probe], check=True)
        for size in dict.fromkeys(search.rows for search in searches):
            part = rows[:size]
            engines.use_cores(1 if size else harness.CORES)
            peers, clip4j = list(engines.engines(part, allowed)), Clip4j(pathlib.Path(folder), part, allowed)
            names += [peer.name for peer in peers if peer.name not in names]
            for search in (s for s in searches if s.rows == size):
                pool = queries[:64] if search.queries == 1 else queries[: search.queries]
                results[search.name] = run(search, part, pool, allowed, peers, clip4j, bandwidths, probe)
            clip4j.close()
            del peers
    print_heading(rows, options.rows or "random rows", bandwidths)
    for title, column in [("Median time, and how many times as long as clip4j's turns beside it:", "text"),
                          ("Queries whose rows are float64's, in its order (recall where a rounded copy is searched):",
                           "checked"),
                          ("The settings that were fastest:", "setting")]:
        harness.print_table(title, names, results, operator.attrgetter(column))
    if any(cells[CLIP4J].wrong for cells in results.values()):
        sys.exit("search.py: clip4j found wrong rows")


if __name__ == "__main__":
    main()

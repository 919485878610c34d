"""The peers of search.py, each with every setting that might be its best; search.py keeps the fastest for each search.

A setting is a function of (queries, k, filtered) that returns row numbers, best first, in the library's own form.
"""

import dataclasses
import typing

import faiss
import numpy as np
import torch
from sentence_transformers import util
from threadpoolctl import ThreadpoolController, threadpool_limits
from usearch.index import MetricKind
from usearch.index import search as usearch_search

from harness import CORES

usearch_threads = CORES
MOST_SCORES = 1 << 28  # at a time, of the peers that write them: a GB, and NumPy's numbers of their columns two more


@dataclasses.dataclass
class Engine:
    name: str
    settings: dict[str, typing.Callable]
    exact: bool = True  # of float32 arithmetic; the others search a rounded copy
    filters: bool = False
    slow: bool = False  # where there are many queries or hits: left out there


def use_cores(count):
    """All cores, or one where a search is so short that starting threads is most of it."""
    global usearch_threads
    usearch_threads = count
    torch.set_num_threads(count)
    threadpool_limits(count)  # OpenMP's and OpenBLAS's


def faiss_search(index, blas_threshold, selected=None, threads=None):
    """From the threshold on (of queries x dimension) faiss multiplies by BLAS instead of query by query."""
    controller = ThreadpoolController()

    def search(queries, k, filtered):
        faiss.cvar.distance_compute_blas_threshold = blas_threshold
        params = selected if filtered else None
        if threads is None:
            return index.search(queries, k, params=params)[1]
        with controller.limit(limits=threads):
            return index.search(queries, k, params=params)[1]

    return search


def sharded(rows, make):
    """One shard a core: faiss alone searches for a single query on one."""
    shards = faiss.IndexShards(rows.shape[1], True, True)
    for part in np.array_split(rows, CORES):
        shard = make()
        shard.add(part)
        shards.add_shard(shard)
    return shards


def faiss_engines(rows, allowed):
    n, dimension = rows.shape

    flat = faiss.IndexFlatIP(dimension)
    flat.add(rows)
    bits = np.packbits(np.isin(np.arange(n), allowed), bitorder="little")
    selected = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    default = faiss.cvar.distance_compute_blas_threshold
    yield Engine("FAISS IndexFlatIP", filters=True, settings={
        "as it comes": faiss_search(flat, default, selected), "a thread": faiss_search(flat, default, selected, 1),
        "BLAS": faiss_search(flat, 1, selected)})
    shards = sharded(rows, lambda: faiss.IndexFlatIP(dimension))
    yield Engine("FAISS IndexFlatIP in IndexShards", slow=True, settings={
        "as it comes": faiss_search(shards, default), "BLAS": faiss_search(shards, 1),
        "BLAS, a thread a shard": faiss_search(shards, 1, threads=1)})
    for kind in ["bf16", "fp16"]:
        index = sharded(rows, lambda: faiss.IndexScalarQuantizer(dimension, getattr(faiss.ScalarQuantizer, f"QT_{kind}"),
                                                                 faiss.METRIC_INNER_PRODUCT))
        yield Engine(f"FAISS {kind} in IndexShards", {"": faiss_search(index, default)}, exact=False, slow=True)


def chunks_of(corpus, chunk, queries):
    chunk = min(chunk, MOST_SCORES // len(queries))
    return ((first, corpus[first : first + chunk]) for first in range(0, len(corpus), chunk))


def torch_search(rows, allowed, chunk, masked=False):
    """With a filter, copies the rows that are allowed, or scores all and leaves the others out."""
    allowed = torch.from_numpy(allowed)
    if masked:
        left_out = torch.full((len(rows),), -torch.inf).index_fill_(0, allowed[allowed < len(rows)], 0)

    def search(queries, k, filtered):
        corpus = rows.index_select(0, allowed) if filtered and not masked else rows
        queries = torch.from_numpy(queries)
        found = []
        for first, part in chunks_of(corpus, chunk, queries):
            scores = queries @ part.T
            if filtered and masked:
                scores += left_out[first : first + len(part)]
            best = scores.topk(min(k, scores.shape[1]), sorted=False)
            found.append((best.values, best.indices + first))
        scores, numbers = (torch.cat(parts, 1) for parts in zip(*found))
        numbers = numbers.gather(1, scores.topk(k).indices)
        return allowed[numbers] if filtered and not masked else numbers

    return search


def numpy_search(rows, allowed, chunk):
    def search(queries, k, filtered):
        corpus = rows[allowed] if filtered else rows
        found = []
        for first, part in chunks_of(corpus, chunk, queries):
            scores = queries @ part.T
            count = min(k, scores.shape[1])
            best = np.argpartition(scores, -count, axis=1)[:, -count:]
            found.append((np.take_along_axis(scores, best, 1), best + first))
        scores, numbers = (np.concatenate(parts, 1) for parts in zip(*found))
        numbers = np.take_along_axis(numbers, np.argsort(-scores, axis=1)[:, :k], 1)
        return allowed[numbers] if filtered else numbers

    return search


def sentence_transformers_search(rows, score):
    def search(queries, k, filtered):
        return util.semantic_search(torch.from_numpy(queries), rows, top_k=k, score_function=score)

    return search


def usearch_engine(name, rows, convert, exact):
    def search(queries, k, filtered):
        return usearch_search(rows, convert(queries), k, MetricKind.IP, exact=True, threads=usearch_threads).keys

    return Engine(name, {"": search}, exact=exact, slow=True)


def engines(rows, allowed):
    """All peers over `rows`, of unit length; filtered searches find the rows that `allowed` numbers, in order."""
    tensor = torch.from_numpy(rows)
    chunks = [4096, 65536, len(rows)]
    yield from faiss_engines(rows, allowed)
    yield Engine("torch matmul + topk", filters=True,
                 settings={f"chunks of {chunk}": torch_search(tensor, allowed, chunk) for chunk in chunks}
                 | {"masked": torch_search(tensor, allowed, len(rows), True)})
    yield Engine("NumPy matmul + argpartition", filters=True,
                 settings={f"chunks of {chunk}": numpy_search(rows, allowed, chunk) for chunk in chunks})
    yield usearch_engine("usearch exact f32", rows, lambda queries: queries, True)
    scale = 127 / max(rows.max(), -rows.min())

    def to_int8(part):
        return np.rint(part * scale).clip(-127, 127).astype(np.int8)

    parts = np.array_split(rows, 100)  # a part at a time: memory
    yield usearch_engine("usearch exact i8", np.concatenate([to_int8(part) for part in parts]), to_int8, False)
    for name, score in [("semantic_search (= AutoMM)", util.cos_sim), ("semantic_search, dot_score", util.dot_score)]:
        yield Engine(f"sentence-transformers {name}", {"": sentence_transformers_search(tensor, score)}, slow=True)

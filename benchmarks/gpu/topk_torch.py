"""torch's matmul and topk on the shapes that bench_gpu times; prints a Markdown table.

The rows are float16, as torch multiplies no int8 rows by several queries; for many queries the scores of a slice of the rows
are reduced before the next slice is multiplied, since all of them would not fit.
"""

import argparse
import statistics

import torch


def search(rows, queries, k, slice_rows):
    best = None
    for first in range(0, rows.shape[0], slice_rows):
        part = rows[first : first + slice_rows]
        values, index = torch.topk(queries @ part.T, k, dim=1)
        index += first
        if best is not None:
            values, index = torch.cat([best[0], values], 1), torch.cat([best[1], index], 1)
            values, kept = torch.topk(values, k, dim=1)
            index = torch.gather(index, 1, kept)
        best = values, index
    return best


def milliseconds(call, repeat):
    times = []
    for _ in range(repeat + 2):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times[2:])


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--dimension", type=int, default=512)
    given = options.parse_args()
    device = torch.device("cuda")
    rows = torch.empty(given.rows, given.dimension, dtype=torch.float16, device=device)
    for first in range(0, given.rows, 1 << 20):
        rows[first : first + (1 << 20)].normal_()
    queries = torch.randn(4096, given.dimension, device=device).to(torch.float16)
    print(f"torch {torch.__version__}, float16 matmul and topk, {given.rows} rows of {given.dimension}:\n")
    print("| queries | k | ms |\n|--:|--:|--:|")
    for k in (10, 100):
        for count in (1, 2, 4, 8, 16, 32, 64, 256, 4096):
            slice_rows = max(1 << 16, min(given.rows, (1 << 31) // count))
            taken = milliseconds(lambda: search(rows, queries[:count], k, slice_rows), 5 if count > 1000 else 15)
            print(f"| {count} | {k} | {taken:.2f} |")


if __name__ == "__main__":
    main()

"""JPEG files to rows: clip4j against pipelines of torchvision's on the same device, for encode.py."""

import concurrent.futures
import os

import torch
from torch.nn import functional
import torchvision
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms.v2 import functional as transforms

SIZES = [(640, 480), (480, 640), (1600, 1200), (224, 224), (300, 200), (2000, 300), (97, 401), (60, 50)]


def draw(folder, count, sizes):
    """Paths of files of blots, whose sizes (width, height) take turns."""
    random = torch.Generator().manual_seed(11)
    paths = []
    for i in range(count):
        width, height = sizes[i % len(sizes)]
        blots = torch.rand(1, 3, max(2, height // 16), max(2, width // 16), generator=random)
        picture = functional.interpolate(blots, (height, width), mode="bicubic")[0]
        paths.append(str(folder / f"{i}.jpg"))
        torchvision.io.write_jpeg((255 * picture).clamp(0, 255).to(torch.uint8), paths[-1], quality=90)
    return paths


def pipelines(encode, device, side, mean, std):
    """Functions of paths that return rows on the CPU. `encode` takes normalised pixels on the device."""
    mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in (mean, std))
    pool = concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)))

    def on_cpu(paths):
        return [p.to(device, non_blocking=True) for p in pool.map(lambda path: decode_jpeg(read_file(path), ImageReadMode.RGB), paths)]

    def on_gpu(paths):
        return decode_jpeg(list(pool.map(read_file, paths)), ImageReadMode.RGB, device=device)

    def through(decode):
        def run(paths):
            rows = []
            for first in range(0, len(paths), 256):
                crops = [transforms.center_crop(transforms.resize(picture, [side], transforms.InterpolationMode.BICUBIC, antialias=True),
                                                [side, side]) for picture in decode(paths[first:first + 256])]
                rows.append(encode((torch.stack(crops).float() / 255 - mean) / std))
            return torch.cat(rows).float().cpu()
        return run

    peers = {"torchvision, decoded by the CPU": through(on_cpu)}
    if device != "cpu":
        peers["torchvision, decoded by nvJPEG"] = through(on_gpu)
    return peers

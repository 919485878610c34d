#!/usr/bin/env python3
"""Writes what OpenCLIP's preprocessing makes of noise, before its arithmetic on floats.

Needs open_clip_torch 3.3.0, torchvision 0.25.0 and Pillow 13.0.0; the native tests only read what it leaves here:

  open_clip_crops.tsv  width, height, clip4j's resize mode, Pillow's filter, size, fill colour (grey), and the CRC-32 of
                       the result, or "refused"; the input is the noise of make_goldens.py
"""

import zlib
from pathlib import Path

from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

MODES = {"shortest": 1, "squash": 2, "longest": 3}
FILTERS = {"bilinear": 2, "bicubic": 3}
SHAPES = [(45, 37), (37, 145), (200, 30), (32, 35), (32, 39), (39, 32), (32, 43), (33, 36), (36, 33), (33, 40), (33, 44),
          (1, 1), (1, 500), (500, 1), (3, 2), (64, 64), (64, 66), (65, 32), (64, 63), (90, 65), (65, 90), (21, 64), (300, 900),
          (333, 222)]


def noise(count):
    out, state = bytearray(count), 1
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return bytes(out)


def main():
    lines = []
    for width, height in SHAPES:
        source = Image.frombytes("RGB", (width, height), noise(3 * width * height))
        for mode in MODES:
            for filter_ in FILTERS:
                for size in (32, 33):
                    for fill in (0, 200) if mode == "longest" else (0,):
                        config = PreprocessCfg(size=size, interpolation=filter_, resize_mode=mode, fill_color=fill)
                        picture = source
                        try:
                            for step in image_transform_v2(config, is_train=False).transforms[:-2]:
                                picture = step(picture)
                            result = zlib.crc32(picture.tobytes())
                        except ValueError:  # a side would have no pixel
                            result = "refused"
                        lines.append([width, height, MODES[mode], FILTERS[filter_], size, fill, result])
    text = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    (Path(__file__).parent / "open_clip_crops.tsv").write_text(text)


main()

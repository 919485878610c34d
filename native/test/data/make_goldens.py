#!/usr/bin/env python3
"""Writes the small pictures of this folder and what Pillow makes of them.

Needs Pillow 13.0.0 and numpy 2 (pip install pillow==13.0.0 numpy); the native tests only read what it leaves here:

  pictures.tsv   file, EXIF orientation applied (0, 1), background (-1 or decimal RGB), width, height, CRC-32 of the RGB
                 pixels, CRC-32 of the 8-bit crop (shorter side to 32, bicubic, centre 32 x 32)
  resizes.tsv    width, height, resize mode, height, width, Pillow's filter, crop height, crop width, then width, height
                 and CRC-32 of the result; the input is noise that the test makes itself
  *.rgb          raw pixels, for the pictures that may differ by 1 (CMYK)
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

assert PIL.__version__ == "13.0.0", PIL.__version__
HERE = Path(__file__).parent
WIDTH, HEIGHT = 45, 37


def noise(count):
    """The bytes that image_resize.cpp makes: the top bytes of a 32-bit linear congruential generator."""
    out, state = bytearray(count), 1
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return bytes(out)


def picture(channels, width=WIDTH, height=HEIGHT):
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / (3 + c) + c) * np.cos(y / (5 - c)) for c in range(channels)]
    pixels = np.stack(planes, -1).clip(0, 255).astype(np.uint8)
    pixels[8:20, 10:30] = [240, 30, 90, 128][:channels]
    return pixels


def image(mode):
    pixels = picture(len(mode))
    return Image.fromarray(pixels[:, :, 0] if len(mode) == 1 else pixels, mode)


def encode(source, kind, **options):
    out = io.BytesIO()
    source.save(out, kind, **options)
    return out.getvalue()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels, depth, color, *chunks, interlaced=False, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    """A PNG of (height, width, samples) whose samples are packed to `depth` bits; rows use all five filters."""
    height, width, samples = pixels.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = bytearray()
    step = max(1, samples * depth // 8)
    for x0, y0, dx, dy in passes:
        part = pixels[y0::dy, x0::dx]
        if part.shape[1] == 0:
            continue
        above = None
        for y, row in enumerate(part):
            if depth < 8:
                bits = "".join(format(v, f"0{depth}b") for v in row.ravel())
                bits += "0" * (-len(bits) % 8)
                line = np.frombuffer(int(bits, 2).to_bytes(len(bits) // 8, "big"), np.uint8)
            else:
                line = np.frombuffer(row.astype(">u2" if depth == 16 else "u1").tobytes(), np.uint8)
            line = line.astype(int)
            above = np.zeros_like(line) if above is None else above
            left = np.concatenate([np.zeros(step, int), line])[: len(line)]
            corner = np.concatenate([np.zeros(step, int), above])[: len(line)]
            guess = left + above - corner
            a, b, c = abs(guess - left), abs(guess - above), abs(guess - corner)
            paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
            predicted = [0 * line, left, above, (left + above) // 2, paeth][y % 5]
            raw += bytes([y % 5]) + ((line - predicted) & 255).astype(np.uint8).tobytes()
            above = line
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    compressor = zlib.compressobj(level, strategy=strategy)
    data = compressor.compress(bytes(raw)) + compressor.flush()
    body = png_chunk(b"IHDR", header) + b"".join(png_chunk(*c) for c in chunks)
    body += png_chunk(b"IDAT", data[:100]) + png_chunk(b"IDAT", data[100:]) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def offset_gif():
    """A frame smaller than its canvas, transparent in part."""
    gif = bytearray(encode(image("RGB").quantize(16), "GIF", transparency=3))
    gif[6:10] = struct.pack("<HH", WIDTH + 9, HEIGHT + 5)
    at = gif.index(b"," + struct.pack("<HHHH", 0, 0, WIDTH, HEIGHT))
    gif[at + 1 : at + 5] = struct.pack("<HH", 6, 2)
    return bytes(gif)


def pictures():
    rgb, grey, rgba, cmyk = image("RGB"), image("L"), image("RGBA"), image("CMYK")
    palette = rgb.quantize(23)
    yield "444.jpg", encode(rgb, "JPEG", quality=92, subsampling=0)
    yield "422.jpg", encode(rgb, "JPEG", quality=80, subsampling=1)
    yield "420.jpg", encode(rgb, "JPEG", quality=70, subsampling=2, optimize=True)
    for width, height, subsampling in [(4, 9, 2), (5, 1, 2), (64, 40, 2), (6, 33, 1), (17, 64, 0)]:
        name = f"{width}x{height}-{['444', '422', '420'][subsampling]}.jpg"
        yield name, encode(Image.fromarray(picture(3, width, height)), "JPEG", quality=95, subsampling=subsampling)
    yield "rgb.jpg", encode(rgb, "JPEG", quality=90, subsampling=0, keep_rgb=True)
    yield "progressive.jpg", encode(rgb, "JPEG", quality=90, progressive=True)
    yield "progressive_grey.jpg", encode(grey, "JPEG", quality=60, progressive=True)
    yield "restarts.jpg", encode(rgb, "JPEG", quality=85, restart_marker_blocks=3)
    yield "grey.jpg", encode(grey, "JPEG", quality=85)
    yield "metadata.jpg", encode(rgb, "JPEG", quality=85, icc_profile=b"no profile", comment=b"a comment")
    yield "cmyk.jpg", encode(cmyk, "JPEG", quality=90)
    ycck = bytearray(encode(cmyk, "JPEG", quality=90))
    ycck[ycck.index(b"Adobe") + 11] = 2
    yield "ycck.jpg", bytes(ycck)
    oriented = Image.Exif()
    for orientation in range(1, 9):
        oriented[274] = orientation
        yield f"orientation{orientation}.jpg", encode(rgb, "JPEG", quality=75, exif=oriented)
    oriented[274] = 6
    yield "orientation6.png", encode(rgb.quantize(5), "PNG", exif=oriented)
    yield "orientation6.webp", encode(rgb, "WEBP", quality=50, exif=oriented)
    yield "orientation6.tiff", encode(grey, "TIFF", compression="tiff_lzw", tiffinfo={274: 6})
    for name, mode, kind in (("rgb", "RGB", 2), ("rgba", "RGBA", 6), ("grey", "L", 0), ("grey_alpha", "RG", 4)):
        pixels = picture(len(mode))
        yield f"{name}.png", png(pixels, 8, kind)
        if name != "grey":
            yield f"{name}16.png", png(pixels.astype(int) * 256 + 255 - pixels[::-1], 16, kind, interlaced=True)
    yield "interlaced.png", png(picture(3), 8, 2, interlaced=True)
    yield "stored.png", png(picture(1), 8, 0, level=0)
    yield "fixed_codes.png", png(picture(3), 8, 2, strategy=zlib.Z_FIXED)
    colors = (b"PLTE", noise(48))
    for depth in (1, 2, 4):
        pixels = picture(1) >> (8 - depth)
        yield f"grey{depth}.png", png(pixels, depth, 0, interlaced=depth == 2)
        yield f"palette{depth}.png", png(pixels, depth, 3, (b"PLTE", noise(3 << depth)), interlaced=depth == 1)
    yield "palette.png", png(picture(1) >> 4, 8, 3, colors)
    yield "palette_alpha.png", png(picture(1) >> 4, 8, 3, colors, (b"tRNS", bytes(range(0, 240, 20))))
    yield "palette_short.png", png(picture(1) >> 4, 8, 3, (b"PLTE", noise(30)))
    yield "key.png", png(picture(3), 8, 2, (b"tRNS", struct.pack(">HHH", 240, 30, 90)))
    yield "grey_key.png", png(picture(1), 8, 0, (b"tRNS", struct.pack(">H", 240)))
    yield "animated.png", encode(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90), rgb])
    yield "lossy.webp", encode(rgb, "WEBP", quality=70)
    yield "lossless.webp", encode(rgb, "WEBP", lossless=True)
    yield "alpha.webp", encode(rgba, "WEBP", quality=80, exact=True)
    yield "animated.webp", encode(rgba, "WEBP", save_all=True, append_images=[rgba.rotate(90)], lossless=True)
    yield "palette.gif", encode(palette, "GIF")
    yield "interlaced.gif", encode(palette, "GIF", interlace=1)
    yield "grey.gif", encode(grey, "GIF", interlace=0)
    yield "transparent.gif", encode(palette, "GIF", transparency=2)
    yield "offset.gif", offset_gif()
    yield "animated.gif", encode(palette, "GIF", save_all=True, append_images=[palette.rotate(90)], disposal=2)
    yield "rgb.bmp", encode(rgb, "BMP")
    yield "palette.bmp", encode(palette, "BMP")
    yield "bits.bmp", encode(grey.convert("1"), "BMP")
    yield "555.bmp", bmp16(picture(3), 5)
    yield "565.bmp", bmp16(picture(3), 6, struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    yield "os2.bmp", os2_bmp(picture(3))
    yield "lzw.tiff", encode(rgb, "TIFF", compression="tiff_lzw")
    yield "rgba.tiff", encode(rgba, "TIFF", compression="tiff_adobe_deflate")


def bmp16(pixels, green, masks=b""):
    """A BMP of 16 bits a pixel, 5 of them blue, then so many green and 5 red."""
    red, middle, blue = (pixels[::-1, :, channel].astype(int) for channel in range(3))
    packed = (red >> 3) << (5 + green) | (middle >> (8 - green)) << 5 | blue >> 3
    rows = np.pad(packed.astype("<u2"), ((0, 0), (0, WIDTH % 2))).tobytes()
    start = 54 + len(masks)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, 3 if masks else 0, len(rows), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + masks + rows


def os2_bmp(pixels):
    rows = np.pad(pixels[::-1, :, ::-1].reshape(HEIGHT, -1), ((0, 0), (0, -3 * WIDTH % 4))).tobytes()
    return struct.pack("<2sIHHIIHHHH", b"BM", 26 + len(rows), 0, 0, 26, 12, WIDTH, HEIGHT, 1, 24) + rows


def crop(source):
    """transformers' CLIPImageProcessor for size 32, before its arithmetic on floats."""
    width, height = source.size
    short, long = min(width, height), max(width, height)
    other = int(32 * long / short)
    resized = source.resize((32, other) if width <= height else (other, 32), Image.Resampling.BICUBIC)
    left, top = (resized.width - 32) // 2, (resized.height - 32) // 2
    return resized.crop((left, top, left + 32, top + 32))


def over(source, background):
    color = tuple(background >> shift & 255 for shift in (16, 8, 0))
    layer = source.convert("RGBA")
    result = Image.new("RGB", layer.size, color)
    result.paste(layer, mask=layer.getchannel("A"))
    return result


def write_pictures():
    lines = []
    for name, data in pictures():
        (HERE / name).write_bytes(data)
        stored = Image.open(io.BytesIO(data))
        results = [(0, -1, stored.convert("RGB"))]
        if "orientation" in name:
            results.append((1, -1, ImageOps.exif_transpose(stored).convert("RGB")))
        if "A" in stored.getbands() or "transparency" in stored.info:
            results.append((0, 0x3060C0, over(stored, 0x3060C0)))
        for exif, background, result in results:
            sums = [zlib.crc32(np.asarray(r).tobytes()) for r in (result, crop(result))]
            lines.append([name, exif, background, *result.size, *sums])
        if name in ("cmyk.jpg", "ycck.jpg"):
            (HERE / name).with_suffix(".rgb").write_bytes(np.asarray(results[0][2]).tobytes())
    # Pillow clips 16-bit grey to 255; clip4j keeps the upper 8 bits, as Pillow itself does for colours. And Pillow
    # refuses some damaged metadata that has no bearing on the pixels.
    grey = picture(1)
    (HERE / "grey16.png").write_bytes(png(grey.astype(int) * 256 + 7, 16, 0))
    junk = [(b"iCCP", b"junk"), (b"gAMA", bytes(4)), (b"sBIT", b"\x09"), (b"tEXt", b"no zero byte")]
    (HERE / "warnings.png").write_bytes(png(grey, 8, 0, *junk))
    result = Image.fromarray(grey[:, :, 0]).convert("RGB")
    sums = [zlib.crc32(np.asarray(r).tobytes()) for r in (result, crop(result))]
    lines += [[name, 0, -1, *result.size, *sums] for name in ("grey16.png", "warnings.png")]
    write("pictures.tsv", lines)


def write_resizes():
    lines = []
    shapes = [(45, 37), (37, 145), (200, 30), (1, 1), (1, 500), (500, 1), (3, 2), (64, 64), (300, 900), (333, 222)]
    settings = [(1, 32, 0, 32, 32), (1, 50, 0, 33, 47), (2, 40, 56, 0, 0), (0, 0, 0, 24, 60), (1, 8, 0, 20, 24)]
    for width, height in shapes:
        source = Image.frombytes("RGB", (width, height), noise(3 * width * height))
        for mode, rows, columns, crop_rows, crop_columns in settings:
            for filter_ in range(6):
                size = source.size
                if mode == 1:
                    other = int(rows * max(size) / min(size))
                    size = (rows, other) if width <= height else (other, rows)
                elif mode == 2:
                    size = (columns, rows)
                result = source.resize(size, filter_)
                if crop_rows:
                    left, top = (size[0] - crop_columns) // 2, (size[1] - crop_rows) // 2
                    result = result.crop((left, top, left + crop_columns, top + crop_rows))
                sum_ = zlib.crc32(result.tobytes())
                setting = [mode, rows, columns, filter_, crop_rows, crop_columns]
                lines.append([width, height, *setting, *result.size, sum_])
    write("resizes.tsv", lines)


def write(name, lines):
    (HERE / name).write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))


write_pictures()
write_resizes()

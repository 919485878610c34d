"""Compares ./clip4j with independent references on random models, pictures, texts and rows.

transformers' CLIPModel and OpenCLIP in float32, CLIPTokenizerFast, Pillow's resize, OpenCLIP's transform and NumPy in
float64 are the truth; clip4j is run as a user runs it, by its command. Prints a line a comparison and exits with 1 when
one is out of its bounds.

    python -m venv venv && venv/bin/pip install -r benchmarks/peers/requirements.txt
    venv/bin/python benchmarks/peers/parity.py [seed]
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import open_clip
import torch
from open_clip.model import CLIP, convert_weights_to_fp16
from open_clip.openai import load_openai_model
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "models/emoji-clip"
VOCABULARY, LENGTH = 5514, 32  # of that tokenizer
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
# hidden size, heads, patch, image, another size of image; activation, eos_token_id, stored as, layers, largest shard
MODELS = [
    (64, 2, 14, 56, 41, "gelu", 5513, torch.float32, 2, "400KB"),
    (96, 6, 32, 32, 96, "quick_gelu", 2, torch.float32, 4, "1GB"),
    (192, 3, 16, 64, 83, "quick_gelu", 2, torch.bfloat16, 3, "1GB"),
    (768, 12, 32, 224, 384, "quick_gelu", 5513, torch.float16, 2, "1GB"),
    (768, 12, 16, 384, 224, "quick_gelu", 2, torch.float32, 2, "1GB"),
    (1280, 16, 14, 224, 336, "gelu", 5513, torch.float32, 2, "1GB"),
    (1024, 16, 14, 336, 280, "gelu", 5513, torch.float32, 2, "1GB"),
]
# width, head's width and layers of the vision tower, width and layers of the text tower; patch, image, another size of image;
# embedding; resize mode, filter; OpenAI's archive or not
OPEN_CLIP = [
    (128, 64, 3, 64, 2, 14, 56, 56, 77, "shortest", "bicubic", True),
    (192, 64, 2, 128, 3, 16, 112, 112, 512, "shortest", "bicubic", True),
    (1024, 64, 2, 768, 2, 14, 336, 336, 768, "shortest", "bicubic", True),
    (192, 64, 3, 64, 2, 16, 80, 131, 33, "longest", "bicubic", False),
    (128, 64, 2, 192, 3, 32, 96, 64, 64, "squash", "bilinear", False),
    (320, 64, 2, 128, 2, 14, 70, 42, 128, "shortest", "bilinear", False),
    (1280, 80, 2, 1024, 2, 14, 224, 378, 1024, "shortest", "bicubic", False),
]
SIZES = [(64, 64), (300, 200), (33, 700), (1, 1), (1, 500), (900, 40), (224, 224), (640, 480), (5, 3)]
TEXTS = ["a photo of a cat", "", "A man is riding a horse.", "日本語 🐱\u200d👤 مرحبا", "x " * 100, "don't  stop", "ÀÉ ǅ ß",
         "0123456789 a1b2", "🤷🏽\u200d♀️", "-hello", "@file"]
failures = 0


def clip4j(*arguments):
    done = subprocess.run([ROOT / "clip4j", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"clip4j {arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def report(what, passed, figures):
    global failures
    failures += not passed
    print("ok  " if passed else "FAIL", what, figures, flush=True)


def draw_pictures(folder, count):
    """Random pictures of odd shapes, in every format that is read by default."""
    for i in range(count):
        width, height = random.choice(SIZES)
        noise = np.random.randint(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
        picture = Image.fromarray(noise).resize((width, height), Image.BICUBIC)
        suffix = ("png", "jpg", "webp", "gif")[i % 4]
        picture.save(folder / f"{i:02d}.{suffix}", **({"quality": 80} if suffix in ("jpg", "webp") else {}))
    return sorted(folder.iterdir())


def crop(path, size):
    """CLIP's preprocessing up to the normalisation, by Pillow."""
    picture = Image.open(path).convert("RGB")
    width, height = picture.size
    short, long = min(width, height), int(size * max(width, height) / min(width, height))
    picture = picture.resize((size, long) if width == short else (long, size), Image.BICUBIC)
    left, top = (picture.width - size) // 2, (picture.height - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)))


def make_model(folder, hidden, heads, patch, image, activation, eos, dtype, layers, shard):
    text = dict(vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=3 * hidden, num_hidden_layers=layers,
                num_attention_heads=heads, max_position_embeddings=LENGTH, bos_token_id=VOCABULARY - 2, eos_token_id=eos,
                pad_token_id=VOCABULARY - 1, hidden_act=activation)
    vision = dict(hidden_size=hidden, intermediate_size=2 * hidden + 8, num_hidden_layers=layers,
                  num_attention_heads=heads, image_size=image, patch_size=patch, hidden_act=activation)
    model = CLIPModel(CLIPConfig(projection_dim=random.choice([32, 77, 512]), text_config=text, vision_config=vision))
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(dict(
        image_processor_type="CLIPImageProcessor", do_convert_rgb=True, do_resize=True, size=dict(shortest_edge=image),
        resample=3, do_center_crop=True, crop_size=dict(height=image, width=image), do_rescale=True,
        rescale_factor=1 / 255, do_normalize=True, image_mean=MEAN.tolist(), image_std=STD.tolist())))
    return model.float().eval()


def unit(features):
    return torch.nn.functional.normalize(getattr(features, "pooler_output", features), dim=1).numpy()


def compare_rows(what, rows, expected):
    cosine, error = float((rows * expected).sum(1).min()), float(abs(rows - expected).max())
    report(what, rows.shape == expected.shape and cosine >= 0.999999 and error <= 1e-5,
           f"cosine >= {cosine:.7f}, error <= {error:.1e}")


def compare_models(work, pictures, tokenizer):
    lines = work / "texts.txt"
    for number, (hidden, heads, patch, image, other, *rest) in enumerate(MODELS):
        folder = work / f"model{number}"
        model = make_model(folder, hidden, heads, patch, image, *rest)
        name = f"hidden {hidden}, patch {patch}, image {image}, {rest[0]}, {rest[2]}"
        for size in other, image:
            crops = [crop(path, size) for path in pictures]
            pixels = np.stack([((c * np.float32(1 / 255) - MEAN) / STD).transpose(2, 0, 1) for c in crops])
            with torch.no_grad():
                images = unit(model.get_image_features(pixel_values=torch.from_numpy(pixels), interpolate_pos_encoding=size != image))
            clip4j("embed", "--images", *pictures, "--model", folder, "--image-size", size, "--out", work / "images.npy")
            compare_rows(f"images at {size}, {name}:", np.load(work / "images.npy"), images)
        tokens = tokenizer(TEXTS, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt")
        with torch.no_grad():
            texts = unit(model.get_text_features(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask))
        clip4j("embed", "--texts-file", lines, "--model", folder, "--out", work / "texts.npy")
        compare_rows(f"texts, {name}:", np.load(work / "texts.npy"), texts)
    for path, expected in zip(pictures, crops):
        clip4j("preprocess", "--image", path, "--model", folder, "--out", work / "crop.npy")
        report(f"pixels of {path.name}:", np.array_equal(np.load(work / "crop.npy"), expected), expected.shape)
    for line in TEXTS:
        ids = json.loads(clip4j("tokenize", "--text", line, "--model", folder, "--json"))["ids"]
        report(f"tokens of {line[:20]!r}:", ids == tokenizer(line, truncation=True, max_length=LENGTH).input_ids, len(ids))


def write_archive(model, image, path):
    """As OpenAI published theirs: traced, half of it in float16, the causal mask a constant."""
    mask = model.attn_mask
    del model.attn_mask
    model.attn_mask = mask
    for name, value in (("input_resolution", image), ("context_length", LENGTH), ("vocab_size", VOCABULARY)):
        if hasattr(model, name):
            delattr(model, name)
        model.register_buffer(name, torch.tensor(value))
    inputs = torch.zeros(1, 3, image, image), torch.zeros(1, LENGTH, dtype=torch.int)
    archive = torch.jit.trace(model, inputs, check_trace=False)
    convert_weights_to_fp16(model)
    for name, parameter in model.named_parameters():
        archive.get_parameter(name).data = parameter.data
    archive.save(str(path))


def make_open_clip(folder, width, head, layers, text_width, text_layers, patch, image, dimension, mode, filter_, archive):
    """Writes the model and returns it as OpenCLIP reads it, its preprocessing, and what names it for clip4j."""
    config = dict(embed_dim=dimension, quick_gelu=archive,
                  vision_cfg=dict(image_size=image, layers=layers, width=width, head_width=head, patch_size=patch),
                  text_cfg=dict(context_length=LENGTH, vocab_size=VOCABULARY, width=text_width, heads=text_width // 64,
                                layers=text_layers))
    preprocess = dict(resize_mode=mode, interpolation=filter_, fill_color=random.randrange(256))
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, folder)
    model = CLIP(**config).eval()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    path = folder
    if archive:
        path = folder / "Random.pt"
        write_archive(model, image, path)
        model, preprocess = load_openai_model(str(path), precision="fp32", device="cpu"), {}
    else:
        torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
        (folder / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=config, preprocess_cfg=preprocess)))
    return model, image_transform_v2(PreprocessCfg(size=image, **preprocess), is_train=False), path


def compare_open_clip(work, pictures, tokenizer):
    lines = work / "texts.txt"
    tokens = torch.zeros(len(TEXTS), LENGTH, dtype=torch.int)  # OpenCLIP pads with 0
    for row, ids in zip(tokens, tokenizer(TEXTS, truncation=True, max_length=LENGTH).input_ids):
        row[: len(ids)] = torch.tensor(ids)
    for number, (width, *shape, image, other, dimension, mode, filter_, archive) in enumerate(OPEN_CLIP):
        model, preprocess, path = make_open_clip(work / f"open{number}", width, *shape, image, dimension, mode, filter_, archive)
        name = f"{'OpenAI archive' if archive else 'OpenCLIP'}, width {width}, image {image}, {mode}"
        with torch.no_grad():
            texts = model.encode_text(tokens, normalize=True).numpy()
        clip4j("embed", "--texts-file", lines, "--model", path, "--out", work / "texts.npy")
        compare_rows(f"texts, {name}:", np.load(work / "texts.npy"), texts)
        for size in dict.fromkeys((image, other)):
            if size != image:
                model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{path}", force_image_size=size)
            # Both refuse a picture with a side that would become no pixel.
            images = {p: Image.open(p).convert("RGB") for p in pictures}
            kept = [p for p, i in images.items() if mode != "longest" or min(i.size) * size >= max(i.size)]
            with torch.no_grad():
                expected = model.eval().encode_image(torch.stack([preprocess(images[p]) for p in kept]), normalize=True).numpy()
            clip4j("embed", "--images", *kept, "--model", path, "--image-size", size, "--out", work / "images.npy")
            compare_rows(f"images at {size}, {name}:", np.load(work / "images.npy"), expected)


def compare_top_k(work, n, dimension, k, queries, similarity):
    corpus = np.random.standard_normal((n, dimension)).astype(np.float32)
    corpus[n // 2] = corpus[0]  # equal rows: the lower number first
    if n > 10:
        corpus[3] = 0
    query = np.random.standard_normal((queries, dimension)).astype(np.float32)
    np.save(work / "corpus.npy", corpus)
    np.save(work / "query.npy", query)
    answer = json.loads(clip4j("topk", "--queries", work / "query.npy", "--corpus", work / "corpus.npy", "-k", k,
                               "--similarity", similarity, "--json"))["hits"]
    truth = query.astype(np.float64) @ corpus.astype(np.float64).T
    if similarity == "cosine":
        lengths = np.linalg.norm(corpus.astype(np.float64), axis=1)
        truth /= np.linalg.norm(query.astype(np.float64), axis=1)[:, None] * np.where(lengths == 0, 1, lengths)
    wrong, errors = 0, []
    for scores, hits in zip(truth, answer):
        rows = np.array([hit["row"] for hit in hits])
        best = np.lexsort((np.arange(n), -scores))[:k]
        if len(rows) != len(best) or len(set(rows)) != len(rows):
            wrong += 1
            continue
        wrong += int((abs(scores[rows] - scores[best]) > 1e-12).sum())
        same = (corpus[rows[1:]] == corpus[rows[:-1]]).all(axis=1)  # equal rows ascend
        wrong += int((np.diff(rows)[same] < 0).sum())
        errors.append(abs(scores[rows] - [hit["score"] for hit in hits]).max())
    error = float(np.max(errors, initial=0))  # NaN where one is
    report(f"top {k} of {n} x {dimension}, {queries} queries, {similarity}:", wrong == 0 and error <= 1e-6,
           f"{wrong} out of order, error <= {error:.1e}")


def run(count, compare):
    """compare(work, pictures) with so many pictures in a folder that goes away; the seed is the command line's. Exits: 1 where something differs."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "pictures").mkdir()
        compare(work, draw_pictures(work / "pictures", count))
    sys.exit(failures > 0)


def compare_all(work, pictures):
    (work / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    tokenizer = CLIPTokenizerFast.from_pretrained(TOKENIZER)
    compare_models(work, pictures, tokenizer)
    compare_open_clip(work, pictures, tokenizer)
    for shape in [(1, 3, 1, 1, "cosine"), (1000, 512, 10, 7, "cosine"), (5000, 33, 5000, 3, "dot"),
                  (200000, 64, 100, 40, "cosine"), (777, 1, 800, 2, "dot"), (1000000, 32, 10, 3, "dot")]:
        compare_top_k(work, *shape)


if __name__ == "__main__":
    run(65, compare_all)

"""Compares ./clip4j with transformers' SiglipModel, tokenizers and image processor on random models, as parity.py does for CLIP.

    venv/bin/python benchmarks/peers/parity_siglip.py [seed]
"""

import json
import random

import numpy as np
import sentencepiece
import torch
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, trainers
from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipTokenizer
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer

import parity
from parity import ROOT, clip4j, compare_rows, report, unit

# vision: hidden, heads, patch, image; text: hidden, heads, length; activation, layers, stored as, Pillow's filter, tokenizer
MODELS = [
    ((64, 2, 14, 56), (64, 4, 64), "gelu_pytorch_tanh", 2, torch.float32, 3, "pieces"),
    ((144, 2, 14, 75), (96, 3, 64), "gelu_pytorch_tanh", 3, torch.float16, 2, "gemma"),  # heads of 72, as So400m has
    ((192, 3, 16, 64), (128, 2, 20), "gelu", 4, torch.bfloat16, 2, "gemma"),
    ((96, 6, 32, 256), (160, 5, 64), "quick_gelu", 2, torch.float32, 3, "pieces"),
    ((768, 12, 16, 224), (768, 12, 64), "gelu_pytorch_tanh", 2, torch.float32, 3, "pieces"),
    ((1152, 16, 14, 384), (1152, 16, 64), "gelu_pytorch_tanh", 1, torch.float32, 2, "gemma"),
]
TEXTS = parity.TEXTS + ["This is a photo of a Cat.", "4000x3000 pixels, 224 x 112,000; 50% off!", "  spaces  around  ", "Σοφός ΣΟΦΟΣ", "ΟΣ☀ Α☀Σ ΑΣ'", "a cat</s> <unk>  dog <eos>", "dog </s>", "ﬁne ½ Ｗｉｄｅ"]
CORPUS = [line for name in ("README.md", "CONTRIBUTING.md", "docs/design.md") for line in (ROOT / name).read_text().split("\n") if line]


def make_pieces(folder, length):
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(CORPUS).lower() + "\n日本語 猫 مرحبا σοφός", encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "spiece"), vocab_size=2000, hard_vocab_limit=False, pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc", minloglevel=2)
    return SiglipTokenizer(str(folder / "spiece.model"), model_max_length=length)


def make_gemma(folder, length):
    raw = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    raw.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    raw.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=3000, special_tokens=special, show_progress=False))
    model = json.loads(raw.to_str())["model"]
    return Siglip2Tokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], add_bos_token=False,
                            add_eos_token=True, padding_side="right", model_max_length=length)


def make_model(folder, vision, text, activation, layers, dtype, resample, kind):
    tokenizer = {"pieces": make_pieces, "gemma": make_gemma}[kind](folder, text[2])
    tokenizer.save_pretrained(folder)
    config = SiglipConfig(
        vision_config=dict(hidden_size=vision[0], num_attention_heads=vision[1], patch_size=vision[2], image_size=vision[3],
                           intermediate_size=3 * vision[0] + 8, num_hidden_layers=layers, hidden_act=activation),
        text_config=dict(hidden_size=text[0], num_attention_heads=text[1], max_position_embeddings=text[2],
                         intermediate_size=2 * text[0] + 40, num_hidden_layers=layers, hidden_act=activation,
                         vocab_size=len(tokenizer), projection_size=vision[0]))
    model = SiglipModel(config)
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    model.logit_scale.data.fill_(2.3)
    model.logit_bias.data.fill_(-4)
    model.to(dtype).save_pretrained(folder, max_shard_size=random.choice(["1GB", "400KB"]))
    processor = SiglipImageProcessorPil(size=dict(height=vision[3], width=vision[3]), resample=resample)
    processor.save_pretrained(folder)
    return model.float().eval(), tokenizer, processor


def compare(work, number, shape, pictures):
    folder = work / f"model{number}"
    folder.mkdir()
    model, tokenizer, processor = make_model(folder, *shape)
    arrays = [np.asarray(Image.open(path).convert("RGB")) for path in pictures]
    ids = tokenizer(TEXTS, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        texts = unit(model.get_text_features(input_ids=ids))
    lines = work / "texts.txt"
    lines.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    clip4j("embed", "--texts-file", lines, "--model", folder, "--out", work / "texts.npy")
    image, patch = shape[0][3], shape[0][2]
    for size in image + 2 * patch + 3, image:
        processor.size = dict(height=size, width=size)
        pixels = processor(arrays, return_tensors="pt", input_data_format="channels_last")["pixel_values"]
        with torch.no_grad():
            images = unit(model.get_image_features(pixel_values=pixels, interpolate_pos_encoding=size != image))
        clip4j("embed", "--images", *pictures, "--model", folder, "--image-size", size, "--out", work / "images.npy")
        compare_rows(f"images at {size}, {shape}:", np.load(work / "images.npy"), images)
    compare_rows(f"texts, {shape}:", np.load(work / "texts.npy"), texts)
    if number < 2:
        for line, expected in zip(TEXTS, ids.tolist()):
            got = json.loads(clip4j("tokenize", "--text", line, "--model", folder, "--json"))["ids"]
            report(f"tokens of {line[:20]!r}, {shape[-1]}:", got == expected, len(got))
        size, resample = shape[0][3], shape[5]
        for path, array in zip(pictures[:12], arrays):
            clip4j("preprocess", "--image", path, "--model", folder, "--out", work / "squashed.npy")
            squashed = np.asarray(Image.fromarray(array).resize((size, size), resample))
            report(f"pixels of {path.name}:", np.array_equal(np.load(work / "squashed.npy"), squashed), squashed.shape)


def compare_all(work, pictures):
    for number, shape in enumerate(MODELS):
        compare(work, number, shape, pictures)


if __name__ == "__main__":
    parity.run(33, compare_all)

"""Makes this folder: tiny SigLIP models with random weights, and what transformers says of tiny-clip's pictures.

pip install torch==2.10.0 transformers==5.23.0 sentencepiece==0.2.3 protobuf==7.36.2 pillow==13.0.0 numpy==2.4.6; then: python make.py
pieces has SigLIP's own spiece.model. unigram has the same pieces in a tokenizer.json alone, with the steps of SigLIP's
tokenizer in the file. gemma is SigLIP 2 of one resolution: Gemma's byte-fallback BPE in lower case.
"""

import json
import pathlib
import string
import tempfile

import numpy as np
import sentencepiece
import torch
from PIL import Image
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipTokenizer
from transformers.convert_slow_tokenizer import import_protobuf
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer

HERE = pathlib.Path(__file__).parent
TINY = HERE.parent / "tiny-clip"
PICTURES = ["rgb.png", "photo.jpg", "grey.jpg", "lossless.webp"]
TEXTS = [
    "a photo of a cat",
    "",
    "The THE, the\t\n  the!",
    "it's (a) dog-house; 100% \"cat\" [x] {y} ~z",
    "  leading and trailing  ",
    "caf\u00e9 cafe\u0301 \u00bd \ufb01ne \u0130stanbul \u03a3\u03a3",
    "\u732b\u3068\u72ac \u0645\u0631\u062d\u0628\u0627",
    "a\u3000b\u00a0c\u2028d \u2581 e\u0001f",
    "\U0001f431 \uff21\uff22",
    "...",
    "a cat</s> <unk>  dog </s>",
    "\u039f\u03a3'\u03b1 \u039f\u03a3. \u03a3 \u03a3\u03a3 A\u2600\u03a3",
    "very long " * 40,
]
CORPUS = """a photo of a cat and a dog in the house. the very long photo of the dog. a cat on a mat, fine and long.
one two three cats; leading and trailing dogs. this is a photo of a house by the sea. caf\u00e9 \u732b \u72ac the end""".split("\n")
TOWER = {"num_hidden_layers": 2, "num_attention_heads": 2}
MODELS = {
    "pieces": (
        TOWER | {"hidden_size": 32, "intermediate_size": 60, "image_size": 32, "patch_size": 8},
        TOWER | {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 16},
        {"size": {"height": 32, "width": 32}},
        torch.float32,
    ),
    "unigram": (
        TOWER | {"hidden_size": 24, "intermediate_size": 48, "image_size": 30, "patch_size": 7, "num_attention_heads": 3},
        TOWER | {"hidden_size": 16, "intermediate_size": 40, "max_position_embeddings": 20, "projection_size": 24, "num_hidden_layers": 1},
        {"size": {"height": 30, "width": 30}, "image_mean": [0.4, 0.5, 0.6]},
        torch.float16,
    ),
    "gemma": (
        TOWER | {"hidden_size": 20, "intermediate_size": 50, "image_size": 24, "patch_size": 12},
        TOWER | {"hidden_size": 20, "intermediate_size": 30, "max_position_embeddings": 12, "hidden_act": "gelu"},
        {"size": {"height": 24, "width": 24}, "resample": 2},
        torch.bfloat16,
    ),
}


def representable(value):
    """The nearest bfloat16 that float16 holds too."""
    rounded = value.to(torch.bfloat16).float()
    return torch.where(rounded.abs() < 2.0**-14, torch.zeros_like(rounded), rounded)


def train_pieces(folder):
    """A spiece.model with few rules of normalisation, so that it is small."""
    rules = [("BD", "31 2044 32"), ("FB01", "66 69"), ("3000", "20"), ("A0", "20"), ("65 301", "E9"), ("1", ""), ("FF21", "41")]
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work)
        (path / "rules.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rules))
        (path / "corpus.txt").write_text("\n".join(CORPUS * 20), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(path / "corpus.txt"), model_prefix=str(path / "spiece"), vocab_size=100, model_type="unigram",
            character_coverage=1.0, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_tsv=str(path / "rules.tsv"),
            hard_vocab_limit=False, minloglevel=2)
        (folder / "spiece.model").write_bytes((path / "spiece.model").read_bytes())


def own(folder):
    train_pieces(folder)
    tokenizer = SiglipTokenizer(str(folder / "spiece.model"), model_max_length=16)
    tokenizer.save_pretrained(folder)
    return tokenizer


def unigram(folder):
    """What a conversion of spiece.model makes of it."""
    proto = import_protobuf().ModelProto()
    proto.ParseFromString((HERE / "pieces/spiece.model").read_bytes())
    tokenizer = Tokenizer(models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], proto.trainer_spec.unk_id, False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Lowercase()]
        + [normalizers.Replace(mark, "") for mark in string.punctuation]
        + [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap),
           normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken("</s>", normalized=False, special=True), AddedToken("<unk>", normalized=False, special=True)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>", unk_token="<unk>", model_max_length=20)
    fast.save_pretrained(folder)
    return fast


def gemma(folder):
    raw = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    raw.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "\u2581")])
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    raw.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=360, special_tokens=special, show_progress=False))
    model = json.loads(raw.to_str())["model"]
    tokenizer = Siglip2Tokenizer(
        vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], add_bos_token=False, add_eos_token=True,
        padding_side="right", model_max_length=12)
    tokenizer.save_pretrained(folder)
    return tokenizer


def unit(features):
    return (features / features.norm(dim=-1, keepdim=True))[0].tolist()


def embed_pictures(model, processor, interpolate):
    images = []
    for name in PICTURES:
        pixels = processor(np.asarray(Image.open(TINY / name).convert("RGB")), return_tensors="pt")["pixel_values"]
        features = model.get_image_features(pixel_values=pixels, interpolate_pos_encoding=interpolate).pooler_output
        images.append({"file": name, "embedding": unit(features)})
    return images, pixels


def expected(model, tokenizer, processor, other_size):
    texts = []
    with torch.no_grad():
        for text in TEXTS:
            ids = tokenizer(text, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]
            features = model.get_text_features(input_ids=ids).pooler_output
            texts.append({"text": text, "ids": ids[0].tolist(), "embedding": unit(features)})
        images, pixels = embed_pictures(model, processor, False)
        logits = model(input_ids=ids, pixel_values=pixels).logits_per_image
        processor.size = {"height": other_size, "width": other_size}
        larger, _ = embed_pictures(model, processor, True)
    return {"texts": texts, "images": images, "probability": torch.sigmoid(logits).item(), "at_another_size": {"texts": texts, "images": larger}}


def main():
    torch.manual_seed(7)
    for (name, (vision, text, preprocessing, dtype)), make in zip(MODELS.items(), [own, unigram, gemma]):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        tokenizer = make(folder)
        model = SiglipModel(SiglipConfig(vision_config=vision, text_config=text | {"vocab_size": len(tokenizer)})).eval()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                noise = torch.randn_like(parameter) * (0.25 if parameter.dim() > 1 else 0.1)
                parameter.copy_(representable(parameter + noise if "norm" in parameter_name else noise))
            model.logit_scale.fill_(2.0)
            model.logit_bias.fill_(-3.5)
        processor = SiglipImageProcessorPil(**preprocessing)
        processor.save_pretrained(folder)
        (folder / "expected.json").write_text(json.dumps(expected(model, tokenizer, processor, vision["image_size"] + 20)), encoding="utf-8")
        model.to(dtype).save_pretrained(folder)


main()

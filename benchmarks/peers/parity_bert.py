"""Compares ./clip4j with transformers' ChineseCLIPModel and OpenCLIP's RoBERTa and XLM-R text towers, as parity.py does for CLIP.

    venv/bin/python benchmarks/peers/parity_bert.py [seed]
"""

import json
import random

import numpy as np
import sentencepiece
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.model import CustomTextCLIP
from open_clip.tokenizer import whitespace_clean
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer
from transformers import BertTokenizer, ChineseCLIPConfig, ChineseCLIPModel, RobertaConfig, RobertaTokenizer, XLMRobertaConfig, XLMRobertaTokenizer
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import ChineseCLIPImageProcessorPil

import parity
from parity import ROOT, clip4j, compare_rows, crop, report, unit

# vision: hidden, heads, patch, image; text: hidden, heads, positions; activations, layers, stored as, cropped or not,
# files of the tokenizer, which reads lower case or not
CHINESE = [
    ((64, 2, 14, 56), (96, 4, 40), ("quick_gelu", "gelu"), 2, torch.float32, False, "vocab.txt", True),
    ((96, 6, 32, 64), (128, 2, 64), ("gelu", "gelu"), 3, torch.float16, True, "vocab.txt", False),
    ((192, 3, 16, 80), (64, 1, 52), ("quick_gelu", "gelu_pytorch_tanh"), 4, torch.bfloat16, False, "tokenizer.json", True),
    ((768, 12, 16, 224), (768, 12, 512), ("quick_gelu", "gelu"), 12, torch.float32, False, "tokenizer.json", False),
]
# width and layers of the vision tower, patch, image; text: hidden, layers, rows of positions, tokens; embedding; projection; tokenizer
ROBERTA = [
    ((128, 3, 14, 56), (64, 4, 82, 77), 96, "mlp", "xlm-roberta"),
    ((192, 2, 16, 80), (192, 3, 60, 33), 77, "linear", "xlm-roberta"),
    ((128, 2, 32, 96), (256, 2, 514, 77), 128, "mlp", "roberta"),
    ((768, 12, 32, 224), (768, 12, 514, 77), 512, "mlp", "xlm-roberta"),
]
TEXTS = parity.TEXTS + [
    "一只猫在屋子里睡觉，两只狗在海边。", "杰尼龟 妙蛙种子 小火龙 皮卡丘", "Un chat sur le tapis, İstanbul'da bir kedi", "кошка и собака; γάτα",
    "[CLS] a [MASK] cat [SEP]", "a <pad> cat <mask> </s> dog", "4000x3000 pixels; 50% off!", "  spaces  around  ", "ﬁne ½ Ｗｉｄｅ",
    "\u0301accent \u200bzero\u00adwidth \ufffd \u0001"]
CORPUS = [line for name in ("README.md", "CONTRIBUTING.md", "docs/design.md") for line in (ROOT / name).read_text().split("\n") if line]
CORPUS += ["一只猫在屋子里睡觉，两只狗在海边。", "日本語 猫 مرحبا σοφός кошка собака café Un chat sur le tapis"] * 5


def shake(model):
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    model.logit_scale.data.fill_(2.3)
    return model.eval()


def embed(work, folder, pictures, names, expected):
    (work / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    clip4j("embed", "--images", *pictures, "--model", folder, "--out", work / "images.npy")
    clip4j("embed", "--texts-file", work / "texts.txt", "--model", folder, "--out", work / "texts.npy")
    for kind, rows in zip(("images", "texts"), expected):
        compare_rows(f"{kind}, {names}:", np.load(work / f"{kind}.npy"), rows)


def compare_ids(folder, name, expected):
    for line, ids in zip(TEXTS, expected):
        got = json.loads(clip4j("tokenize", "--text", line, "--model", folder, "--json"))["ids"]
        report(f"tokens of {line[:20]!r}, {name}:", got == ids, len(got))


def compare_chinese(work, number, shape, pictures):
    vision, text, (activation, text_activation), layers, dtype, cropped, file, lower = shape
    folder = work / f"chinese{number}"
    folder.mkdir()
    raw = BertWordPieceTokenizer(lowercase=lower)
    raw.train_from_iterator(CORPUS, vocab_size=1500, min_frequency=1, show_progress=False)
    raw.save_model(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(do_lower_case=lower, model_max_length=text[2])))
    tokenizer = BertTokenizer.from_pretrained(folder)
    if file == "tokenizer.json":
        tokenizer.save_pretrained(folder)
        (folder / "vocab.txt").unlink()
    model = shake(ChineseCLIPModel(ChineseCLIPConfig(
        projection_dim=random.choice([32, 77, 512]),
        vision_config=dict(hidden_size=vision[0], num_attention_heads=vision[1], patch_size=vision[2], image_size=vision[3],
                           intermediate_size=3 * vision[0] + 8, num_hidden_layers=layers, hidden_act=activation),
        text_config=dict(hidden_size=text[0], num_attention_heads=text[1], max_position_embeddings=text[2], vocab_size=len(tokenizer),
                         intermediate_size=2 * text[0] + 40, num_hidden_layers=layers, hidden_act=text_activation))))
    model.to(dtype).save_pretrained(folder, max_shard_size=random.choice(["1GB", "400KB"]))
    size = dict(shortest_edge=vision[3]) if cropped else dict(height=vision[3], width=vision[3])
    processor = ChineseCLIPImageProcessorPil(size=size, crop_size=dict(height=vision[3], width=vision[3]), do_center_crop=cropped)
    processor.save_pretrained(folder)
    images = [Image.open(path).convert("RGB") for path in pictures]
    tokens = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        pixels = processor([np.asarray(i) for i in images], return_tensors="pt", input_data_format="channels_last")["pixel_values"]
        model = model.float()
        expected = unit(model.get_image_features(pixel_values=pixels)), unit(model.get_text_features(**tokens))
    embed(work, folder, pictures, f"Chinese-CLIP, {shape}", expected)
    if number > 1:
        return
    compare_ids(folder, f"Chinese-CLIP {number}", tokenizer(TEXTS, truncation=True).input_ids)
    for path, image in zip(pictures[:8], images):
        clip4j("preprocess", "--image", path, "--model", folder, "--out", work / "pixels.npy")
        made = crop(path, vision[3]) if cropped else np.asarray(image.resize((vision[3], vision[3]), Image.BICUBIC))
        report(f"pixels of {path.name}, Chinese-CLIP {number}:", np.array_equal(np.load(work / "pixels.npy"), made), made.shape)


def make_pieces(folder):
    """XLM-R's tokenizer: SentencePiece's, whose first tokens transformers puts into another order."""
    (folder / "corpus.txt").write_text("\n".join(CORPUS), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"), model_prefix=str(folder / "sentencepiece.bpe"), vocab_size=1500, hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc", minloglevel=2)
    return XLMRobertaTokenizer.from_pretrained(folder)


def make_byte_pairs(_):
    raw = ByteLevelBPETokenizer()
    raw.train_from_iterator(CORPUS, vocab_size=1500, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
    model = json.loads(raw.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]])


def compare_roberta(work, number, shape, pictures):
    (width, layers, patch, size), (hidden, text_layers, positions, length), embedding, projection, name = shape
    folder = work / f"roberta{number}"
    folder.mkdir()
    make, configuration = {"xlm-roberta": (make_pieces, XLMRobertaConfig), "roberta": (make_byte_pairs, RobertaConfig)}[name]
    tokenizer = make(folder)
    tokenizer.save_pretrained(folder)
    vision = dict(image_size=size, layers=layers, width=width, head_width=64, patch_size=patch)
    model = CustomTextCLIP(embedding, vision, dict(width=64, heads=1, layers=1, vocab_size=10))
    # As published: https://huggingface.co/FacebookAI/xlm-roberta-base/blob/main/config.json, but for the sizes.
    model.text = HFTextEncoder(name + "-base", embedding, pooler_type="mean_pooler", proj_type=projection, config=configuration(
        vocab_size=len(tokenizer), hidden_size=hidden, num_attention_heads=hidden // 64, num_hidden_layers=text_layers,
        intermediate_size=3 * hidden + 8, max_position_embeddings=positions, layer_norm_eps=1e-5, pad_token_id=1, type_vocab_size=1))
    model.text.transformer.pooler = None  # as where OpenCLIP makes it by its name
    shake(model)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    text = dict(hf_model_name=name + "-base", hf_tokenizer_name=name + "-base", hf_pooler_type="mean_pooler", hf_proj_type=projection, context_length=length)
    (folder / "open_clip_config.json").write_text(json.dumps(dict(
        model_cfg=dict(embed_dim=embedding, vision_cfg=vision, text_cfg=text), preprocess_cfg={})))
    clean = [whitespace_clean(text) for text in TEXTS]  # as OpenCLIP's HFTokenizer does it
    ids = tokenizer(clean, padding="max_length", truncation=True, max_length=length, return_tensors="pt").input_ids
    preprocess = image_transform_v2(PreprocessCfg(size=size), is_train=False)
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.open(path).convert("RGB")) for path in pictures])
        expected = model.encode_image(pixels, normalize=True).numpy(), model.encode_text(ids, normalize=True).numpy()
    embed(work, folder, pictures, f"OpenCLIP with {name}, {shape}", expected)
    if number in (0, 2):
        compare_ids(folder, f"{name} {number}", [[id_ for id_ in row if id_ != 1] for row in ids.tolist()])


def compare_all(work, pictures):
    for compare, shapes in ((compare_chinese, CHINESE), (compare_roberta, ROBERTA)):
        for number, shape in enumerate(shapes):
            compare(work, number, shape, pictures)


if __name__ == "__main__":
    parity.run(25, compare_all)

"""Makes this folder: tiny models with text towers like BERT's, random weights, and what their references say of tiny-clip's pictures.

pip install torch==2.10.0 transformers==5.23.0 open_clip_torch==3.3.0 sentencepiece==0.2.3 protobuf==7.36.2 pillow==13.0.0; then: python make.py
words and json are Chinese-CLIP, with a vocab.txt alone and with a tokenizer.json; xlm-roberta and roberta are OpenCLIP's. Texts are
encoded in one batch with padding, so that the rows show that nobody sees it.
"""

import json
import pathlib

import numpy as np
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.model import CustomTextCLIP
from open_clip.tokenizer import whitespace_clean
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, pre_tokenizers, trainers
from transformers import BertTokenizer, ChineseCLIPConfig, ChineseCLIPModel, RobertaConfig, RobertaTokenizer, XLMRobertaConfig, XLMRobertaTokenizer
from transformers.convert_slow_tokenizer import import_protobuf
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import ChineseCLIPImageProcessorPil

HERE = pathlib.Path(__file__).parent
TINY = HERE.parent / "tiny-clip"
PICTURES = ["rgb.png", "photo.jpg", "grey.jpg", "lossless.webp"]
TEXTS = [
    "a photo of a cat",
    "",
    "The THE, the\t\n  the!",
    "\u4e00\u53ea\u732b\u5728\u5c4b\u5b50\u91cc, \u4e24\u53ea\u72d7\u3002",
    "caf\u00e9 cafe\u0301 \u00bd \ufb01ne \u0130stanbul \u03a3\u03a3",
    "\u732b\u3068\u72ac \u0645\u0631\u062d\u0628\u0627 \U0001f431 \uff21\uff22",
    "a\u3000b\u00a0c\u2028d e\u0001f",
    "[CLS] a <pad> cat [PAD] <mask> [MASK] </s>",
    "x" * 150 + " cats",
    "very long " * 40,
]
CORPUS = """a photo of a cat and a dog in the house. the very long photo of the dog. a cat on a mat, fine and long.
one two three cats; leading and trailing dogs. this is a photo of a house by the sea. caf\u00e9 \u732b \u72ac the end
\u4e00\u53ea\u732b\u5728\u5c4b\u5b50\u91cc\u3002\u4e24\u53ea\u72d7\u5728\u6d77\u8fb9""".split("\n")
VISION = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32, "intermediate_size": 60, "image_size": 32, "patch_size": 8}
TEXT = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 40, "max_position_embeddings": 24}


def representable(value):
    """The nearest bfloat16 that float16 holds too."""
    rounded = value.to(torch.bfloat16).float()
    return torch.where(rounded.abs() < 2.0**-14, torch.zeros_like(rounded), rounded)


def randomize(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter) * (0.25 if parameter.dim() > 1 else 0.1)
            is_norm = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_(representable(1 + noise if is_norm else noise))
        model.logit_scale.fill_(2.5)
    return model.eval()


def words():
    """WordPiece's own training is of no use here: characters, and some words and their parts."""
    characters = sorted(set("".join(CORPUS)) - {" ", "\n"})
    parts = ["##" + character for character in characters if character.isascii() and character.isalpha()]
    more = ["the", "photo", "cat", "dog", "##s", "##og", "very", "long", "The", "caf\u00e9", "cafe", "\u3000", "[unused1]"]
    return list(dict.fromkeys(["[PAD]", *more[-1:], "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *parts, *more]))


def chinese(name, tokenizer, vision, text, preprocessing, dtype):
    folder = HERE / name
    model = randomize(ChineseCLIPModel(ChineseCLIPConfig(
        projection_dim=20, vision_config=vision, text_config=text | {"vocab_size": len(tokenizer)})))
    processor = ChineseCLIPImageProcessorPil(**preprocessing)
    processor.save_pretrained(folder)
    pictures = [np.asarray(Image.open(TINY / picture).convert("RGB")) for picture in PICTURES]
    tokens = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    ids = [tokenizer(text, truncation=True).input_ids for text in TEXTS]
    with torch.no_grad():
        pixels = torch.cat([processor(picture, return_tensors="pt")["pixel_values"] for picture in pictures])
        write(folder, ids, model.get_text_features(**tokens).pooler_output, model.get_image_features(pixels).pooler_output)
    model.to(dtype).save_pretrained(folder)


def pieces():
    """XLM-R's tokenizer: SentencePiece's unigram model with four tokens of its own before and one behind."""
    raw = Tokenizer(models.Unigram())
    raw.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    raw.train_from_iterator(CORPUS * 5, trainers.UnigramTrainer(vocab_size=120, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    vocabulary = [tuple(piece) for piece in json.loads(raw.to_str())["model"]["vocab"]] + [("<mask>", 0.0)]
    proto = import_protobuf().ModelProto()
    proto.ParseFromString((HERE.parent / "tiny-siglip/pieces/spiece.model").read_bytes())
    return XLMRobertaTokenizer(vocab=vocabulary, _spm_precompiled_charsmap=proto.normalizer_spec.precompiled_charsmap, model_max_length=512)


def byte_pairs():
    raw = ByteLevelBPETokenizer()
    raw.train_from_iterator(CORPUS, vocab_size=330, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
    model = json.loads(raw.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], model_max_length=512)


def roberta(name, tokenizer, config, hugging_face, context, projection):
    folder = HERE / name
    tokenizer.save_pretrained(folder)
    embedding = config["embed_dim"]
    model = CustomTextCLIP(**config, text_cfg={"width": 64, "heads": 1, "layers": 1, "vocab_size": 10})
    model.text = HFTextEncoder(name + "-base", embedding, config=hugging_face, pooler_type="mean_pooler", proj_type=projection)
    model.text.transformer.pooler = None  # as where OpenCLIP makes it by its name
    randomize(model)
    text = {"hf_model_name": name + "-base", "hf_tokenizer_name": name + "-base", "hf_pooler_type": "mean_pooler"}
    text |= {"context_length": context} if context != 77 else {}
    text |= {"hf_proj_type": projection} if projection != "mlp" else {}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config | {"text_cfg": text}, "preprocess_cfg": {}}, indent=2) + "\n", encoding="utf-8")
    clean = [whitespace_clean(text) for text in TEXTS]  # as OpenCLIP's HFTokenizer does it
    tokens = tokenizer(clean, padding="max_length", truncation=True, max_length=context, return_tensors="pt").input_ids
    ids = [[id_ for id_ in row if id_ != 1] for row in tokens.tolist()]
    preprocess = image_transform_v2(PreprocessCfg(size=config["vision_cfg"]["image_size"]), is_train=False)
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.open(TINY / picture)) for picture in PICTURES])
        write(folder, ids, model.encode_text(tokens), model.encode_image(pixels))
    state = {key: value.half() for key, value in model.state_dict().items()}
    if projection == "mlp":  # as checkpoints of older versions have it
        state["text.transformer.embeddings.position_ids"] = torch.arange(40).unsqueeze(0)
        torch.save(state, folder / "open_clip_pytorch_model.bin")
    else:
        save_file(state, folder / "open_clip_model.safetensors")


def write(folder, ids, texts, images):
    unit = torch.nn.functional.normalize
    (folder / "expected.json").write_text(json.dumps({
        "texts": [{"text": text, "ids": row, "embedding": embedding}
                  for text, row, embedding in zip(TEXTS, ids, unit(texts).tolist())],
        "images": [{"file": file, "embedding": embedding} for file, embedding in zip(PICTURES, unit(images).tolist())],
    }), encoding="utf-8")


def main():
    torch.manual_seed(7)
    for name in ("words", "json", "xlm-roberta", "roberta"):
        (HERE / name).mkdir(exist_ok=True)
    (HERE / "words/vocab.txt").write_text("\n".join(words()) + "\n", encoding="utf-8")
    (HERE / "words/tokenizer_config.json").write_text('{"model_max_length": 20}\n')
    whole = {"size": {"height": 32, "width": 32}, "do_center_crop": False}
    chinese("words", BertTokenizer.from_pretrained(HERE / "words"), VISION, TEXT, whole, torch.float32)
    cased = BertTokenizer(
        vocab={word: id_ for id_, word in enumerate(words())}, do_lower_case=False, tokenize_chinese_chars=False, model_max_length=24)
    cased.save_pretrained(HERE / "json")
    cropped = {"size": {"shortest_edge": 30}, "crop_size": {"height": 30, "width": 30}}
    chinese("json", cased, VISION | {"image_size": 30, "hidden_act": "gelu", "patch_size": 10},
            TEXT | {"num_hidden_layers": 1, "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-5}, cropped, torch.float16)
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
    tower = {"num_hidden_layers": 2, "num_attention_heads": 1, "hidden_size": 64, "intermediate_size": 80, "layer_norm_eps": 1e-5,
             "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
    tokenizer = pieces()
    roberta("xlm-roberta", tokenizer, {"embed_dim": 24, "vision_cfg": vision},
            XLMRobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=82, **tower), 77, "mlp")
    tokenizer = byte_pairs()
    tower |= {"hidden_size": 128, "num_attention_heads": 2, "num_hidden_layers": 1}
    roberta("roberta", tokenizer, {"embed_dim": 20, "quick_gelu": True, "vision_cfg": vision},
            RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=40, **tower), 20, "linear")


main()

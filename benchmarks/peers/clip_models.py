"""The models of encode.py, with random weights in Hugging Face's and in OpenCLIP's names, and what they are given."""

import dataclasses
import functools
import json

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image
from transformers import CLIPConfig, CLIPModel

BEGIN, END, LENGTH = 49406, 49407, 77
WORDS_OF_TEXTS = 3, 23  # with begin and end 5 to 25 tokens


@dataclasses.dataclass
class Size:
    """A model, how much it is given at once, and how often everybody takes a turn."""

    name: str  # OpenCLIP's
    vision: dict
    text: dict
    projection: int
    texts: int  # captions of a turn
    files: int  # JPEGs of a turn
    single: int  # calls for one image in a turn
    rounds: int


SIZES = [
    Size("ViT-B-32", dict(patch_size=32, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12),
         dict(hidden_size=512, intermediate_size=2048, num_attention_heads=8), 512, texts=256, files=96, single=20, rounds=5),
    Size("ViT-L-14", dict(patch_size=14, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16),
         dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12), 768, texts=128, files=32, single=3, rounds=3),
]


@functools.cache
def tokenizer():
    """OpenAI's, from the vocabulary that comes with open_clip."""
    return open_clip.SimpleTokenizer()


def save(size, folder):
    """Makes the folder of a model in Hugging Face layout, unless it is there."""
    if (folder / "done").exists():
        return
    torch.manual_seed(7)
    ids = dict(vocab_size=END + 1, bos_token_id=BEGIN, eos_token_id=END, pad_token_id=END)
    model = CLIPModel(CLIPConfig(projection_dim=size.projection, vision_config=size.vision, text_config=size.text | ids))
    for parameter in model.parameters():  # else all pictures get nearly the same row
        parameter.data += 0.02 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    source = tokenizer()
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    vocabulary = {names.get(token, token): number for token, number in source.encoder.items()}
    transformers.CLIPTokenizer(vocabulary, list(source.bpe_ranks), model_max_length=LENGTH).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(dict(
        image_processor_type="CLIPImageProcessor", do_convert_rgb=True, do_resize=True, size=dict(shortest_edge=224),
        resample=3, do_center_crop=True, crop_size=dict(height=224, width=224), do_rescale=True, rescale_factor=1 / 255,
        do_normalize=True, image_mean=open_clip.OPENAI_DATASET_MEAN, image_std=open_clip.OPENAI_DATASET_STD)))
    (folder / "done").touch()


def load_open_clip(size, hugging_face):
    """The same weights as an OpenCLIP model, and OpenCLIP's preprocessing."""
    model, _, preprocess = open_clip.create_model_and_transforms(size.name + "-quickgelu")
    given, wanted = hugging_face.state_dict(), {}

    def copy(to, source, transpose=False):
        for kind in (".weight", ".bias"):
            if source + kind in given:
                wanted[to + kind] = given[source + kind]

    def tower(to, source, layers):
        for n in range(layers):
            here, there = f"{to}transformer.resblocks.{n}.", f"{source}.encoder.layers.{n}."
            for part, name in [("ln_1", "layer_norm1"), ("attn.out_proj", "self_attn.out_proj"), ("ln_2", "layer_norm2"),
                               ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")]:
                copy(here + part, there + name)
            for kind in ("weight", "bias"):
                wanted[f"{here}attn.in_proj_{kind}"] = torch.cat([given[f"{there}self_attn.{p}_proj.{kind}"] for p in "qkv"])

    copy("visual.conv1", "vision_model.embeddings.patch_embedding")
    wanted["visual.class_embedding"] = given["vision_model.embeddings.class_embedding"]
    wanted["visual.positional_embedding"] = given["vision_model.embeddings.position_embedding.weight"]
    copy("visual.ln_pre", "vision_model.pre_layrnorm")
    tower("visual.", "vision_model", size.vision["num_hidden_layers"])
    copy("visual.ln_post", "vision_model.post_layernorm")
    wanted["visual.proj"] = given["visual_projection.weight"].T
    copy("token_embedding", "text_model.embeddings.token_embedding")
    wanted["positional_embedding"] = given["text_model.embeddings.position_embedding.weight"]
    tower("", "text_model", 12)
    copy("ln_final", "text_model.final_layer_norm")
    wanted["text_projection"] = given["text_projection.weight"].T
    wanted["logit_scale"] = given["logit_scale"]
    model.load_state_dict(wanted | {"attn_mask": model.attn_mask} if "attn_mask" in model.state_dict() else wanted)
    return model.eval(), preprocess


def draw_jpegs(folder, count):
    """640 x 480 pictures of random blots and some grain, about as large as photographs."""
    random = np.random.default_rng(7)
    for i in range(count):
        path = folder / f"{i:03d}.jpg"
        if not path.exists():
            blots = Image.fromarray(random.integers(0, 256, (60, 80, 3), np.uint8)).resize((640, 480), Image.BICUBIC)
            grain = random.normal(0, 6, (480, 640, 3))
            Image.fromarray((np.asarray(blots) + grain).clip(0, 255).astype(np.uint8)).save(path, quality=90)
    return sorted(folder.glob("*.jpg"))[:count]


def captions(count):
    """As many texts, all different, of words that are one token each."""
    random = np.random.default_rng(7)
    words = [token[:-4] for token in tokenizer().encoder if token.endswith("</w>") and token[:-4].isascii() and token[:-4].isalpha()]
    shortest, longest = WORDS_OF_TEXTS
    texts = {}
    while len(texts) < count:
        texts[" ".join(random.choice(words, random.integers(shortest, longest + 1)))] = None
    return list(texts)


def token_ids(text):
    return [BEGIN, *tokenizer().encode(text), END]

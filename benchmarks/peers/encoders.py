"""The peers of encode.py, each with the settings that might be its best; encode.py keeps the fastest for each kind of work.

A setting is a function of what is encoded that returns unit rows: of pixels (a float tensor, preprocessed), of token ids (a
list a text), of texts, or of the paths of pictures. Models get token ids, so that the time of tokenizing is not theirs.
"""

import concurrent.futures
import copy
import dataclasses
import typing

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from PIL import Image
from sentence_transformers import SentenceTransformer
from transformers import CLIPModel

import clip_models
from harness import CORES

BATCH = 32  # texts at once, sorted by length
FILES_BATCH = 16
COMPILATIONS = {"as it comes": {}, "freezing": {"freezing": True}}


@dataclasses.dataclass
class Encoder:
    name: str
    work: dict[str, dict[str, typing.Callable]]  # kind of work: settings; pixels, tokens, texts, files or preprocess


def unit(features):
    features = getattr(features, "pooler_output", features)
    return torch.nn.functional.normalize(torch.as_tensor(features).float(), dim=-1).numpy()


def padded(texts, length=None):
    """[texts, length], or as long as the longest. After the end token the models, which are causal, look at nothing."""
    length = length or max(map(len, texts))
    return torch.tensor([ids + [0 if length == clip_models.LENGTH else clip_models.END] * (length - len(ids)) for ids in texts])


def in_batches(encode, length=None):
    def run(texts):
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = [encode(padded([texts[i] for i in order[first : first + BATCH]], length))
                for first in range(0, len(texts), BATCH)]
        return np.concatenate(rows)[np.argsort(order)]

    return run


def from_files(encode, preprocess, pipelined):
    """Decodes and preprocesses in a thread a core; while the model encodes a batch, or before it begins."""

    def run(paths):
        with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
            pictures = pool.map(lambda path: preprocess(Image.open(path)), paths)
            if not pipelined:
                pictures = iter(list(pictures))
            return np.concatenate([encode(torch.stack([next(pictures) for _ in range(first, min(first + FILES_BATCH, len(paths)))]))
                                   for first in range(0, len(paths), FILES_BATCH)])

    return run


def make(name, images, texts, preprocess, length=None):
    """Of functions, by setting, that take pixels or padded ids and return unit rows."""
    files = {" ".join(filter(None, [setting, way])): from_files(encode, preprocess, way == "pipelined")
             for setting, encode in images.items() for way in ("pipelined", "one after the other")}
    tokens = {setting: in_batches(encode, length) for setting, encode in texts.items()}
    return Encoder(name, {"pixels": images, "tokens": tokens, "files": files})


def open_clip_encoders(model, preprocess):
    yield make("open_clip f32", {"": lambda pixels: unit(model.visual(pixels))},
               {"": lambda ids: unit(model.encode_text(ids))}, preprocess, clip_models.LENGTH)
    half = copy.deepcopy(model).bfloat16()
    yield make("open_clip bf16", {"": lambda pixels: unit(half.visual(pixels.bfloat16()))},
               {"": lambda ids: unit(half.encode_text(ids))}, preprocess, clip_models.LENGTH)
    visual = {kind: torch.compile(half.visual, options=options, dynamic=False) for kind, options in COMPILATIONS.items()}
    text = {kind: torch.compile(half.encode_text, options=options, dynamic=False) for kind, options in COMPILATIONS.items()}
    yield make("open_clip bf16, torch.compile",
               {kind: lambda pixels, run=run: unit(run(pixels.bfloat16())) for kind, run in visual.items()},
               {kind: lambda ids, run=run: unit(run(ids)) for kind, run in text.items()}, preprocess, clip_models.LENGTH)


def transformers_encoders(folder, preprocess):
    for kind in ("float32", "bfloat16"):
        models = {attention: CLIPModel.from_pretrained(folder, dtype=getattr(torch, kind), attn_implementation=attention).eval()
                  for attention in ("sdpa", "eager")}
        yield make(f"transformers {'f32' if kind == 'float32' else 'bf16'}",
                   {way: lambda pixels, model=model: unit(model.get_image_features(pixels.to(model.dtype)))
                    for way, model in models.items()},
                   {way: lambda ids, model=model: unit(model.get_text_features(ids)) for way, model in models.items()},
                   preprocess)


class Features(torch.nn.Module):
    """What ONNX gets of a model: one input, the row of features out."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, given):
        return getattr(self.function(given), "pooler_output")


def export(model, folder):
    """model's towers as ONNX and quantized: dynamic int8, weights by channel."""
    examples = {"vision": (model.get_image_features, torch.rand(2, 3, 224, 224), {0: "n"}),
                "text": (model.get_text_features, padded([clip_models.token_ids("a red horse")] * 2), {0: "n", 1: "length"})}
    for tower, (function, example, axes) in examples.items():
        plain, quantized = folder / f"{tower}-f32.onnx", folder / f"{tower}-int8.onnx"
        if not quantized.exists():
            module = Features(function)
            module.model = model  # so that its weights are the module's
            torch.onnx.export(module, (example,), plain, input_names=["given"], output_names=["rows"],
                              dynamic_axes={"given": axes, "rows": {0: "n"}}, opset_version=17, dynamo=False)
            quantize_dynamic(plain, quantized, per_channel=True, weight_type=QuantType.QInt8)


def onnx_encoders(model, folder, preprocess):
    export(model, folder)
    for kind in ("f32", "int8"):
        run = {}
        for tower in ("vision", "text"):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = CORES
            session = onnxruntime.InferenceSession(folder / f"{tower}-{kind}.onnx", options, ["CPUExecutionProvider"])
            run[tower] = lambda given, session=session: unit(session.run(None, {"given": given.numpy()})[0])
        yield make(f"ONNX Runtime {kind}", {"": run["vision"]}, {"": run["text"]}, preprocess)


def sentence_transformers_encoder(folder):
    models = {kind: SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": getattr(torch, kind)})
              for kind in ("float32", "bfloat16")}

    def encode(model, inputs):
        return model.encode(inputs, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)

    return Encoder("sentence-transformers", {
        "texts": {kind: lambda texts, model=model: encode(model, texts) for kind, model in models.items()},
        "files": {kind: lambda paths, model=model: encode(model, [Image.open(path) for path in paths])
                  for kind, model in models.items()}})


def preprocess_encoder(preprocess):
    def run(paths):
        torch.set_num_threads(1)
        try:
            return [preprocess(Image.open(path)) for path in paths]
        finally:
            torch.set_num_threads(CORES)

    return Encoder("Pillow and torchvision", {"preprocess": {"": run}})


def encoders(size, folder):
    """The truth, which is transformers in f32 (pixels and tokens to rows); OpenCLIP's preprocessing; and all peers."""
    model = CLIPModel.from_pretrained(folder).eval()
    twin, preprocess = clip_models.load_open_clip(size, model)
    peers = [*open_clip_encoders(twin, preprocess), *transformers_encoders(folder, preprocess),
             *onnx_encoders(model, folder, preprocess), sentence_transformers_encoder(folder), preprocess_encoder(preprocess)]
    truth = {"pixels": lambda pixels: unit(model.get_image_features(pixels)),
             "tokens": in_batches(lambda ids: unit(model.get_text_features(ids)))}
    return truth, preprocess, peers

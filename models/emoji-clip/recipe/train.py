#!/usr/bin/env python3
"""Trains the dual encoder from nothing for a number of minutes; leaves it in work/trained.

    python train.py --minutes 62
"""

import argparse
import math
import pathlib
import random
import time

import numpy
import torch
import torch.nn.functional as F
from transformers import AutoTokenizer, CLIPConfig, CLIPModel

import data
from evaluate import embed, recall

# CLIP's tokenizer cut to its first 5,000 merges and 32 tokens: a small vocabulary for short texts.
TOKENIZER = pathlib.Path(__file__).parents[1]
WIDTH = 192
BATCH = 384
LEARNING_RATE = 1.5e-3
WARM_UP = 150
REPORT_EVERY = 300  # seconds


def new_model(tokens) -> CLIPModel:
    vocabulary = len(tokens)
    tower = dict(hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_attention_heads=3, hidden_act="quick_gelu")
    text = dict(
        tower,
        vocab_size=vocabulary,
        num_hidden_layers=4,
        max_position_embeddings=tokens.model_max_length,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
        projection_dim=WIDTH,
    )
    vision = dict(tower, num_hidden_layers=6, image_size=data.IMAGE, patch_size=16, projection_dim=WIDTH)
    return CLIPModel(CLIPConfig(projection_dim=WIDTH, text_config=text, vision_config=vision))


def contrastive_loss(logits: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """CLIP's symmetric loss; items with one key share the target, for they mean the same."""
    target = (keys[:, None] == keys[None]).float()
    target = target / target.sum(1, keepdim=True)
    rows = -(target * F.log_softmax(logits, 1)).sum(1).mean()
    columns = -(target * F.log_softmax(logits.T, 1)).sum(1).mean()
    return rows + columns


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, required=True)
    budget = arguments.parse_args().minutes * 60
    random.seed(0), numpy.random.seed(0), torch.manual_seed(0)

    out = data.WORK / "trained"
    tokens = AutoTokenizer.from_pretrained(TOKENIZER)
    art = data.Artwork()
    batches = data.Batches(art)
    model = new_model(tokens)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05, betas=(0.9, 0.98))
    start, reported, step = time.time(), 0.0, 0
    while (elapsed := time.time() - start) < budget:
        rate = LEARNING_RATE * min(1, step / WARM_UP) * 0.5 * (1 + math.cos(math.pi * elapsed / budget))
        for group in optimizer.param_groups:
            group["lr"] = rate
        pixels, texts, keys = batches.next(BATCH)
        with torch.autocast("cpu", torch.bfloat16):
            images, captions = embed(model, tokens, pixels=pixels), embed(model, tokens, texts=texts)
        scale = model.logit_scale.exp().clamp(max=100)
        loss = contrastive_loss(scale * images @ captions.T, keys)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if elapsed - reported > REPORT_EVERY:
            reported = elapsed
            print(f"{elapsed / 60:.1f} min, step {step}, loss {loss.item() / 2:.3f}, {recall(model, tokens, art)}", flush=True)
            model.save_pretrained(out), tokens.save_pretrained(out)
    model.save_pretrained(out), tokens.save_pretrained(out)
    print(f"{step} steps, {recall(model, tokens, art)}")


if __name__ == "__main__":
    main()

"""Trains the model; stop it at any time, the same command goes on from its last checkpoint.

    python train.py --minutes 65

The learning rate falls over the given time (wall clock, all runs together) or number of steps. work/run/checkpoint.pt is what resumes;
work/run/weights.pt holds the averaged weights that evaluate.py and export.py read.
"""

import argparse
import math
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import artwork
import concepts as emoji
from captions import HORIZONTAL, VERTICAL, Captions
from model import ROLES, Clip, Shape, state_from_transformers
from pictures import Pictures, normalised
from render import SPRITES
from tokens import tokenizer

RUN = Path(__file__).parent / "work/run"
BATCH, SCENES, UNTOLD = 256, 112, 64  # pictures a step; of them scenes; of them without a caption, only named
PHRASES, UNSEEN = 160, 96  # labels and keywords without a picture, only named; scenes without a picture, only told
PEAK, WARM_UP, DECAY = 2e-3, 100, 0.05
RESTART = 0.6  # of the peak, for weights that are trained already
KEEP, WHOLE_FROM = 28, 0.85  # patches that training looks at, and when it begins to look at all
TURN_FROM = 0.6  # when captions begin to name the lower or right thing first more often
NOT_SAID = -1  # a role of which a caption says nothing
AVERAGE = 0.997
LIKE = 144  # texts encoded together
SAVE_EVERY, LOOK_EVERY = 240.0, 720.0


class Batch(NamedTuple):
    pixels: torch.Tensor  # single things with a caption, scenes, single things without one
    texts: list[str]  # captions of the first two, phrases, captions of scenes that no picture shows
    true: torch.Tensor  # which caption is true of which picture with a caption (-1: neither true nor false)
    shown: torch.Tensor  # the concepts that each picture shows
    named: torch.Tensor  # the concepts that each text names
    picture_roles: torch.Tensor  # of each scene: the concept in each role, or none
    text_roles: torch.Tensor  # of each scene's caption, those without a picture last: also NOT_SAID


def batch(captions: Captions, pictures: Pictures) -> Batch:
    chosen = pictures.known[torch.randint(len(pictures.known), (BATCH - SCENES,))]
    told, untold = chosen[UNTOLD:], chosen[:UNTOLD]
    scenes, unseen = captions.scenes(SCENES), captions.scenes(UNSEEN)
    singles = pictures.singles(chosen)
    pixels = pictures.finish(torch.cat([singles[UNTOLD:], pictures.scenes(scenes), singles[:UNTOLD]]))
    texts, fits = zip(*(captions.single(c) for c in told.tolist()))
    fits = torch.stack(fits).float()
    scene_texts, says = zip(*(captions.scene(s) for s in scenes + unseen))
    in_scenes, in_words = (shares([s.things for s in those], fits.shape[1]) for those in (scenes, says))
    shown = torch.cat([F.one_hot(told, fits.shape[1]), in_scenes, F.one_hot(untold, fits.shape[1])])
    true = torch.zeros(len(told) + SCENES, len(told) + SCENES)
    true[: len(told), : len(told)] = fits[:, told].T
    true[len(told) :, : len(told)] = -(in_scenes @ fits.T).sign()
    true[len(told) :, len(told) :] = torch.tensor([[said.fits(scene) for said in says[:SCENES]] for scene in scenes])
    phrases, meant = zip(*(captions.phrase() for _ in range(PHRASES)))
    meant = torch.stack(meant).float()
    named = torch.cat([F.normalize(fits, p=1, dim=1), in_words[:SCENES], F.normalize(meant, p=1, dim=1), in_words[SCENES:]])
    none = fits.shape[1]
    return Batch(
        pixels,
        [*texts, *scene_texts[:SCENES], *phrases, *scene_texts[SCENES:]],
        true,
        shown,
        named,
        torch.tensor([roles(s.things, s.axis, none) for s in scenes]),
        torch.tensor([roles(s.things, s.axis, none) for s in says]),
    )


def shares(groups: list[tuple[int, ...]], concepts: int) -> torch.Tensor:
    """Of each concept, its part in each group of things."""
    found = torch.zeros(len(groups), concepts)
    for i, things in enumerate(groups):
        for thing in things:
            found[i, thing] += 1 / len(things)
    return found


def roles(things: tuple[int, ...], axis: int, none: int) -> list[int]:
    """What is above, below, left, right; `none` where two things stand the other way."""
    if len(things) != 2 or axis not in (VERTICAL, HORIZONTAL):
        return [NOT_SAID] * ROLES
    return [*things, none, none] if axis == VERTICAL else [none, none, *things]


def cross_entropy(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return -(wanted * F.log_softmax(scores, 1)).sum(1).mean()


def loss_of(model: Clip, encode, b: Batch, keep: int):
    images = F.normalize(model.vision(b.pixels, keep).float(), dim=1)
    captions = F.normalize(encode(b.texts).float(), dim=1)
    told = len(b.true)
    scores = model.logit_scale.float().exp() * images[:told] @ captions[:told].T
    scores = scores.masked_fill(b.true < 0, -1e4)
    wanted = b.true.clamp(min=0)
    matching = cross_entropy(scores, F.normalize(wanted, p=1, dim=1)) + cross_entropy(scores.T, F.normalize(wanted.T, p=1, dim=1))
    anchors = F.normalize(model.concepts.float(), dim=1) * model.concept_scale.float().exp()
    naming = cross_entropy(images @ anchors[:-1].T, b.shown) + cross_entropy(captions @ anchors[:-1].T, b.named)

    def casting(rows: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        played = F.normalize(torch.einsum("nd,rde->nre", rows, model.roles.float()), dim=2)
        return F.cross_entropy((played @ anchors.T).flatten(0, 1), wanted.flatten(), ignore_index=NOT_SAID)

    scenes = slice(told - SCENES, told)
    cast = casting(images[scenes], b.picture_roles) + casting(torch.cat([captions[scenes], captions[-UNSEEN:]]), b.text_roles)
    return (matching + naming + 0.7 * cast) / 2, matching / 2, naming / 2, cast / 2


def text_encoder(model: Clip, tokenize):
    """Encodes texts of like lengths together: little time for padding."""

    def encode(texts: list[str]) -> torch.Tensor:
        ids = tokenize(texts)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        parts = []
        for first in range(0, len(order), LIKE):
            like = order[first : first + LIKE]
            longest = max(len(ids[i]) for i in like)
            rows = torch.tensor([ids[i] + [ids[i][-1]] * (longest - len(ids[i])) for i in like])
            parts.append(model.text(rows, torch.tensor([len(ids[i]) - 1 for i in like])))
        return torch.cat(parts)[torch.tensor(order).argsort()]

    return encode


@torch.no_grad()
def held_out_recall(model: Clip, averages, encode, concepts) -> str:
    """Image -> label in the styles never trained on, to watch while it trains."""
    for average, working in zip(averages, model.parameters()):
        working.data.copy_(average)
    texts = [c.label for c in concepts]
    labels = F.normalize(torch.cat([encode(texts[i : i + 256]) for i in range(0, len(texts), 256)]).float(), dim=1)
    report = []
    for name in artwork.HELD_OUT:
        drawn = np.load(SPRITES / f"{name}.npz")
        wanted, found = torch.as_tensor(drawn["concept"]).long(), []
        for part in torch.as_tensor(drawn["pixels"][:, 0]).split(256):
            pixels = part.permute(0, 3, 1, 2).float() / 255
            pixels = pixels[:, :3] * pixels[:, 3:] + 1 - pixels[:, 3:]
            pixels = F.interpolate(pixels, model.shape.image, mode="bicubic", antialias=True).clamp(0, 1)
            found.append(model.vision(normalised(pixels)).float())
        ranks = (torch.cat(found) @ labels.T).topk(5).indices == wanted[:, None]
        report.append(f"{name} R@1 {ranks[:, 0].float().mean():.3f} R@5 {ranks.any(1).float().mean():.3f}")
    return "; ".join(report)


def orthogonal(grad: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """Muon's iteration in float32."""
    a, b, c = coefficients
    wide = grad.T if grad.size(0) > grad.size(1) else grad
    wide = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.T if grad.size(0) > grad.size(1) else wide


def optimizers_of(model: Clip, masters: list[torch.Tensor]) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the towers: as good in half of AdamW's steps. AdamW for all else; the concepts' directions and
    the scales learn faster."""
    inner, outer, quick = [], [], []
    for (name, _), mine in zip(model.named_parameters(), masters):
        own = name in ("concepts", "roles") or name.endswith("_scale")
        (quick if own else inner if "blocks" in name and mine.ndim == 2 else outer).append(mine)
    groups = [{"params": outer, "lr": PEAK}, {"params": quick, "lr": 3 * PEAK}]
    return [
        torch.optim.Muon(inner, lr=PEAK, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=math.inf)
    arguments.add_argument("--steps", type=float, default=math.inf)
    arguments.add_argument("--start", type=Path, help="a model folder to start from instead of from nothing")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    RUN.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(options.seed)
    concepts = emoji.load()
    captions, pictures = Captions(concepts, options.seed), Pictures(concepts, Shape.image)
    shape = Shape()
    model = Clip(shape, len(concepts))
    encode = text_encoder(model, tokenizer())
    if options.start:
        weights = {name: tensor.float() for name, tensor in load_file(options.start / "model.safetensors").items()}
        model.load_state_dict(state_from_transformers(weights, shape), strict=False)
        with torch.no_grad():
            model.concepts[:-1].copy_(F.normalize(encode([c.label for c in concepts]), dim=1))
    # The weights live in float32; a copy computes, in bfloat16 where the hardware multiplies that: several times faster, elsewhere far slower.
    masters = [p.detach().clone() for p in model.parameters()]
    averages = [m.clone() for m in masters]
    if torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        model.bfloat16()
    else:
        torch.optim._muon._zeropower_via_newtonschulz = orthogonal
    optimizers = optimizers_of(model, masters)
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    peaks = [group["lr"] * (RESTART if options.start else 1) for group in groups]
    names = [name for name, _ in model.named_parameters()]

    checkpoint, step, spent = RUN / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=torch.get_default_device())
        step, spent = saved["step"], saved["spent"]
        for ours, theirs in ((masters, saved["masters"]), (averages, saved["averages"])):
            for mine, its in zip(ours, theirs):
                mine.copy_(its)
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        torch.manual_seed(options.seed + step)
        captions.chance.seed(options.seed + step)
        print(f"goes on from step {step}", flush=True)

    def save() -> None:
        state = {"step": step, "spent": spent, "masters": masters, "averages": averages,
                 "optimizers": [o.state_dict() for o in optimizers]}  # fmt: skip
        for name, content in (("checkpoint.pt", state), ("weights.pt", {"shape": asdict(shape), "step": step, "spent": spent,
                                                                       "weights": dict(zip(names, averages))})):  # fmt: skip
            torch.save(content, RUN / (name + ".new"))
            (RUN / (name + ".new")).replace(RUN / name)

    told_to_stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _: told_to_stop.append(n))
    last_save = last_look = spent
    sums, last = [0.0] * 4, (step, spent)
    began = time.monotonic() - spent
    while True:
        done = max(spent / 60 / options.minutes, step / options.steps)
        if done >= 1 or told_to_stop:
            break
        for mine, working in zip(masters, model.parameters()):
            working.data.copy_(mine)
        learned = 1.0 if options.start else done
        pictures.strength = min(1.0, 0.3 + 1.5 * learned)
        captions.turned = min(0.5, 0.15 + max(0.0, learned - TURN_FROM))
        rate = min(1, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for group, peak in zip(groups, peaks):
            group["lr"] = rate * peak
        losses = loss_of(model, encode, batch(captions, pictures), 0 if done > WHOLE_FROM else KEEP)
        losses[0].backward()
        for mine, working in zip(masters, model.parameters()):
            mine.grad = working.grad.float()
            working.grad = None
        torch.nn.utils.clip_grad_norm_(masters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        with torch.no_grad():
            for average, mine in zip(averages, masters):
                average.lerp_(mine, 1 - min(AVERAGE, step / (step + 10)))
            masters[names.index("logit_scale")].clamp_(max=4.6)
        sums = [s + x.item() for s, x in zip(sums, losses)]
        spent = time.monotonic() - began
        if step % 50 == 0:
            speed = BATCH * (step - last[0]) / (spent - last[1])
            print(f"{spent / 60:6.1f} min  step {step}  loss {sums[0] / 50:.3f} (matching {sums[1] / 50:.3f}, naming {sums[2] / 50:.3f}, roles {sums[3] / 50:.3f})"
                  f"  {speed:.0f} pictures/s", flush=True)  # fmt: skip
            sums, last = [0.0] * 4, (step, spent)
        if spent - last_save > SAVE_EVERY:
            save()
            last_save = spent
        if spent - last_look > LOOK_EVERY:
            print("    " + held_out_recall(model, averages, encode, concepts), flush=True)
            last_look = spent
    save()
    print(f"{'stopped' if told_to_stop else 'done'}: step {step}, {spent / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()

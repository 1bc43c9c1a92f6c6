"""Writes testdata/train/train_step.json: two training steps of PyTorch on a seeded network.

  /usr/bin/python3 tools/golden/make_train_step.py        (Debian: python3-torch)

In double precision: the loss (spec 6 Training), gradients, and what AdamW makes of the weights. Of
each tensor its sum, the sum of its magnitudes, and its elements times a fixed pattern, which sees
exchanged elements.
"""
import json

import numpy as np
import torch

import golden_weights
from make_golden import GOLDEN, custom
from reference_network import ConvNeXtPose

SEED, BATCH, STEPS, RATE = 12, 4, 2, 1e-3
CONFIG = custom("train-step", [1, 2, 1, 1], [8, 12, 20, 24], [(20, 3, True), (12, 5, False)],
                8, 5, 64, 64)
# Single precision, as image/crop.h has them.
MEAN = torch.tensor([0.485, 0.456, 0.406]).double()
STD = torch.tensor([0.229, 0.224, 0.225]).double()


def numbers(name, count):
    """Whole numbers below 2^32; convnextpose/train/trainer_test.cc is the twin."""
    random = golden_weights.mix(golden_weights.fnv1a64(name) ^ SEED, np.arange(count))
    return (random >> np.uint64(32)).astype(np.float64)


def batch():
    height, width = CONFIG["input"]
    pictures = np.floor(numbers("pictures", BATCH * height * width * 3) / 2**24)
    count = BATCH * CONFIG["joints"] * 3
    target = np.floor(numbers("target", count) / 2**24) / 64
    weight = (numbers("weight", count) < 2**32 * 0.75).astype(np.float64)
    shape = (BATCH, CONFIG["joints"], 3)
    return (torch.from_numpy(pictures.reshape(BATCH, height, width, 3)),
            torch.from_numpy(target.reshape(shape)), torch.from_numpy(weight.reshape(shape)))


def summary(tensor):
    values = tensor.detach().flatten().double()
    pattern = (torch.arange(len(values)) * 7 % 13 - 6).double()
    return [float(values.sum()), float(values.abs().sum()), float((values * pattern).sum())]


def to_json(golden):
    """JSON with one tensor a line."""
    def table(rows):
        return "{\n  " + ",\n  ".join(f'"{k}": {json.dumps(v)}' for k, v in rows.items()) + "}"
    fields = (f'"{key}": ' + (table(value) if key in ("gradients", "after") else json.dumps(value))
              for key, value in golden.items())
    return "{\n " + ",\n ".join(fields) + "\n}\n"


def main():
    network = golden_weights.load(ConvNeXtPose(CONFIG), SEED).double().train()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, (0.9, 0.999), weight_decay=0.1)
    pictures, target, weight = batch()
    x = ((pictures / 255 - MEAN) / STD).permute(0, 3, 1, 2)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = ((network(x) - target).abs() * weight).sum(2).div(3).mean()
        loss.backward()
        if step == 0:
            gradients = {name: summary(p.grad) for name, p in network.named_parameters()}
        optimizer.step()
        losses.append(float(loss))
    after = {name: summary(t) for name, t in network.state_dict().items()
             if t.is_floating_point()}
    golden = {"config": CONFIG, "seed": SEED, "batch": BATCH, "rate": RATE, "losses": losses,
              "gradients": gradients, "after": after}
    (GOLDEN.parent / "train" / "train_step.json").write_text(to_json(golden))


if __name__ == "__main__":
    main()

"""Writes testdata/key_styles/: one tiny checkpoint in each style of names, and what it must answer.

  /usr/bin/python3 tools/golden/make_key_styles.py       (Debian: python3-torch)

expected.json has the form of a golden file (testdata/golden/README.md) and lists the files. All
hold the same network, in one or another of the usual wrappings.
"""
import json
import pathlib

import torch

import golden_weights
from key_styles import STYLES
from make_golden import NO, UP, answers, custom, to_json
from reference_network import ConvNeXtPose

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "key_styles"
CASE = {"seed": 11, "batch": 1, "config": custom(
    "tiny", [1, 1, 1, 1], [4, 4, 8, 8], [(8, 3, UP), (8, 3, UP), (8, 3, NO)], 8, 18, 64, 64)}
WRAPPINGS = {"data_parallel": lambda state: {"epoch": 68, "network": state, "optimizer": {}},
             "compiled": lambda state: {"state_dict": state},
             "sparse": lambda state: {"model": state}}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    state = golden_weights.load(ConvNeXtPose(CASE["config"]), CASE["seed"]).state_dict()
    for name, style in STYLES.items():
        wrap = WRAPPINGS.get(name, lambda renamed: renamed)
        torch.save(wrap(style(state)), OUT / f"{name}.pth")
    golden = {**answers(CASE), "files": [f"{name}.pth" for name in STYLES]}
    (OUT / "expected.json").write_text(to_json(golden))


if __name__ == "__main__":
    main()

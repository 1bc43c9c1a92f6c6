"""Writes testdata/golden/<case>.json: what PyTorch answers on seeded networks and pictures.

  /usr/bin/python3 tools/golden/make_golden.py        (Debian: python3-torch; about a minute)

The format is described in testdata/golden/README.md.
"""
import json
import pathlib

import numpy as np
import torch

import golden_weights
from reference_network import VARIANTS, ConvNeXtPose, soft_argmax

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "golden"
CHECKED_TENSORS = [
    "backbone.downsample_layers.0.0.weight", "backbone.downsample_layers.0.1.running_mean",
    "backbone.downsample_layers.1.0.running_mean", "backbone.downsample_layers.1.1.weight",
    "backbone.stages.2.0.dwconv.weight", "backbone.stages.2.0.norm.running_var",
    "backbone.stages.2.0.pwconv1.bias", "backbone.stages.2.0.pwconv2.weight",
    "backbone.norm.weight", "head.deconv_layers_1.dwconv.weight",
    "head.deconv_layers_2.norm.running_mean", "head.final_layer.weight"]


def custom(name, depths, dims, head, depth_bins, joints, height, width):
    head = [{"channels": channels, "kernel": kernel, "up": up} for channels, kernel, up in head]
    return {"name": name, "depths": depths, "dims": dims, "head": head,
            "depth_bins": depth_bins, "joints": joints, "input": [height, width]}


UP, NO = True, False
CASES = [
    {"seed": 3, "batch": 2, "config": VARIANTS["XS"]},
    {"seed": 2, "batch": 2, "config": VARIANTS["S"]},
    {"seed": 2, "batch": 2, "config": VARIANTS["M"]},
    {"seed": 1, "batch": 2, "config": VARIANTS["L"]},
    {"seed": 5, "batch": 2, "config": custom(
        "tall", [1, 1, 2, 1], [20, 44, 72, 136], [(64, 3, UP), (64, 3, UP), (64, 3, NO)],
        48, 17, 256, 192)},
    {"seed": 6, "batch": 3, "config": custom(
        "wide", [1, 1, 2, 1], [8, 12, 24, 40], [(36, 5, UP), (28, 7, UP)], 24, 21, 192, 256)},
    {"seed": 7, "batch": 1, "config": custom(
        "late-up", [2, 1, 1, 1], [20, 44, 72, 136], [(52, 3, NO), (68, 5, UP), (44, 7, UP)],
        16, 19, 96, 160)},
    {"seed": 8, "batch": 5, "config": custom(
        "small", [1, 1, 1, 1], [8, 12, 24, 40], [(20, 3, UP), (20, 3, NO), (20, 3, UP)],
        64, 18, 64, 64)},
    {"seed": 9, "batch": 2, "config": custom(
        "no-up", [1, 2, 1, 2], [8, 16, 24, 40], [(33, 7, NO), (31, 3, NO)], 32, 18, 256, 256)},
    {"seed": 10, "batch": 1, "config": custom(
        "odd", [1, 1, 1, 1], [5, 7, 13, 19], [(11, 3, UP), (17, 5, UP)], 7, 5, 96, 96)},
]


def checksums(network, picture):
    every = {name: golden_weights.checksum(t.numpy()) for name, t in network.state_dict().items()
             if t.is_floating_point()}
    return {"picture": f"{golden_weights.checksum(picture):016x}",
            "all_tensors": f"{sum(every.values()) % 2**64:016x}",
            "tensors": {name: f"{every[name]:016x}" for name in CHECKED_TENSORS}}


@torch.no_grad()
def answers(case):
    """The golden file's content."""
    config, seed = case["config"], case["seed"]
    network = golden_weights.load(ConvNeXtPose(config), seed)
    picture = golden_weights.picture(case["batch"], *config["input"], seed)
    x = torch.from_numpy(picture).permute(0, 3, 1, 2)
    sums = checksums(network, picture)
    heatmaps = network.head(network.backbone(x))
    float32 = soft_argmax(heatmaps)[0]
    network_float32 = soft_argmax(heatmaps.double())[0]
    coordinates, sigmas = network.double()(x.double(), with_sigma=True)
    noise = {"network": float((network_float32 - coordinates).abs().max()),
             "network_and_soft_argmax": float((float32.double() - coordinates).abs().max())}
    return {**case, "checksums": sums, "float32_noise": noise, "coordinates": coordinates.numpy(),
            "sigmas": sigmas.numpy(), "coordinates_float32": float32.numpy()}


def to_json(golden):
    """JSON with one joint a line; float64 to 1e-10 cells."""
    def joints(array):
        digits = 7 if array.dtype == np.float32 else 10
        people = [",\n    ".join(json.dumps([round(float(v), digits) for v in joint])
                               for joint in person) for person in array]
        return "[\n   [" + "],\n   [".join(people) + "]]"

    fields = (joints(value) if isinstance(value, np.ndarray) else json.dumps(value)
              for value in golden.values())
    return "{\n " + ",\n ".join(f'"{key}": {text}' for key, text in zip(golden, fields)) + "\n}\n"


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        golden = answers(case)
        name = case["config"]["name"].lower().replace("-", "_")
        (GOLDEN / f"{name}.json").write_text(to_json(golden))
        noise, spread = golden["float32_noise"], golden["coordinates"].std((0, 1))
        sigmas = np.quantile(golden["sigmas"], [0.1, 0.5, 0.9])
        print(f"{name:8} noise {noise['network']:.1e}, with soft-argmax "
              f"{noise['network_and_soft_argmax']:.1e}; sigma {sigmas.round(2)}; "
              f"spread {spread.round(2)}", flush=True)


if __name__ == "__main__":
    main()

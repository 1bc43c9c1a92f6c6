"""Writes testdata/golden/real_xs.json: a trained XS on photographs, by the published pipeline.

  /usr/bin/python3 tools/golden/real_xs.py SHARED_DATA       (Debian: python3-torch, python3-opencv)

SHARED_DATA holds weights/convnextpose_xs_refit.pth.tar and pictures/skiers.jpg; messi5.jpg comes
with Debian's opencv-doc. Only the answers are kept: neither weights nor pictures are ours.
"""
import hashlib
import json
import pathlib
import re
import sys

import cv2
import numpy as np
import torch

from make_golden import GOLDEN
from reference_network import VARIANTS, ConvNeXtPose, mirrored_back

SIDE = 256
MESSI = pathlib.Path("/usr/share/doc/opencv-doc/examples/data/messi5.jpg")
MESSI_BOXES = [(66, 55, 396, 284)]
SKIERS_BOXES = [(139.41, 102.25, 222.39, 241.57), (287.17, 61.52, 74.88, 165.61),
                (540.04, 48.81, 99.96, 223.36), (372.58, 170.84, 266.63, 217.19),
                (0.5, 43.74, 90.1, 220.09)]


def network_box(box, width, height):
    """A person's box (x, y, w, h), clipped to the picture, squared, enlarged by a quarter."""
    x, y, w, h = box
    x1, y1 = max(0, x), max(0, y)
    x2 = min(width - 1, x1 + max(0, w - 1))
    y2 = min(height - 1, y1 + max(0, h - 1))
    w, h = x2 - x1, y2 - y1
    side = max(w, h)
    centre_x, centre_y = x1 + w / 2, y1 + h / 2
    return [centre_x - side * 1.25 / 2, centre_y - side * 1.25 / 2, side * 1.25, side * 1.25]


def crop(picture, box):
    """The square `box` of an RGB picture as a normalised tensor [1, 3, 256, 256]."""
    x, y, w, h = box
    centre = np.array([x + w / 2, y + h / 2])
    source = np.float32([centre, centre + [0, h / 2], centre + [w / 2, 0]])
    half = SIDE / 2
    target = np.float32([[half, half], [half, SIDE], [SIDE, half]])
    pixels = cv2.warpAffine(picture, cv2.getAffineTransform(source, target), (SIDE, SIDE),
                            flags=cv2.INTER_LINEAR)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    normalised = ((pixels / 255.0 - mean) / std).astype(np.float32)
    return torch.from_numpy(normalised).permute(2, 0, 1)[None]


def load_network(path):
    state = torch.load(path, map_location="cpu")["network"]
    network = ConvNeXtPose(VARIANTS["XS"])
    network.load_state_dict({name[len("module."):]: tensor for name, tensor in state.items()})
    return network.double()


def listed(coordinates):
    return [[round(float(v), 6) for v in joint] for joint in coordinates[0]]


@torch.no_grad()
def person(network, picture, box):
    square = network_box(box, picture.shape[1], picture.shape[0])
    x = crop(picture, square).double()
    straight, sigmas = network(x, with_sigma=True)
    mirrored = network(torch.flip(x, [3]))
    flip_test = (straight + mirrored_back(mirrored, network.heatmap_width)) / 2
    return {"box_px": box, "network_box_px": [round(v, 6) for v in square],
            "straight": listed(straight), "mirrored": listed(mirrored),
            "flip_test": listed(flip_test), "sigmas": listed(sigmas)}


def answers(network, path, boxes):
    picture = cv2.imread(str(path))[:, :, ::-1].copy()
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "width": picture.shape[1], "height": picture.shape[0],
            "people": [person(network, picture, box) for box in boxes]}


def main():
    shared = pathlib.Path(sys.argv[1])
    weights = shared / "weights" / "convnextpose_xs_refit.pth.tar"
    network = load_network(weights)
    golden = {"weights": weights.name,
              "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
              "pictures": [answers(network, MESSI, MESSI_BOXES),
                           answers(network, shared / "pictures" / "skiers.jpg", SKIERS_BOXES)]}
    text = json.dumps(golden, indent=1)
    # One joint a line.
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    (GOLDEN / "real_xs.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

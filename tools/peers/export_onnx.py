"""Writes a variant as ONNX from the PyTorch reference, with an input and PyTorch's answer to it.

  /usr/bin/python3 tools/peers/export_onnx.py XS build/peers     (Debian: python3-torch)

Writes XS.onnx (input "picture" [1, 3, 256, 256], output "coordinates" [1, 18, 3]), XS.input.f32 and
XS.expected.f32 (little-endian float32). Weights and picture are those of the golden tests, so the
outputs may be compared with testdata/golden too (its first picture).
"""
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import golden_weights  # noqa: E402
from make_golden import CASES  # noqa: E402
from reference_network import ConvNeXtPose  # noqa: E402


@torch.no_grad()
def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    case = next(c for c in CASES if c["config"]["name"] == name)
    network = golden_weights.load(ConvNeXtPose(case["config"]), case["seed"])
    picture = golden_weights.picture(case["batch"], *case["config"]["input"], case["seed"])
    x = torch.from_numpy(picture[:1]).permute(0, 3, 1, 2).contiguous()
    torch.onnx.export(network, x, folder / f"{name}.onnx", opset_version=16,
                      input_names=["picture"], output_names=["coordinates"])
    x.numpy().tofile(folder / f"{name}.input.f32")
    network.double()(x.double()).float().numpy().tofile(folder / f"{name}.expected.f32")


if __name__ == "__main__":
    main()

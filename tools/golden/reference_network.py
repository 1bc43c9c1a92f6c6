"""ConvNeXtPose in PyTorch, the oracle of the C++ engine. Inference only.

Written from the description of the network; the names of the tensors are those of the published
code. A network is a dict, in the form of our config.json:
  {"name": "XS", "depths": [2,2,6,2], "dims": [40,80,160,320],
   "head": [{"channels": 128, "kernel": 3, "up": true}, ...],
   "depth_bins": 32, "joints": 18, "input": [height, width]}
"""
import torch
from torch import nn


def _variant(name, depths, dims, channels, third_up, depth_bins):
    head = [{"channels": channels, "kernel": 3, "up": up} for up in (True, True, third_up)]
    return {"name": name, "depths": depths, "dims": dims, "head": head,
            "depth_bins": depth_bins, "joints": 18, "input": [256, 256]}


_ATTO = ([2, 2, 6, 2], [40, 80, 160, 320])
_FEMTO_L = ([3, 3, 9, 3], [48, 96, 192, 384])
VARIANTS = {
    "XS": _variant("XS", *_ATTO, 128, False, 32),
    "S": _variant("S", *_FEMTO_L, 256, False, 32),
    "M": _variant("M", *_FEMTO_L, 256, True, 64),
    "L": _variant("L", *_FEMTO_L, 512, True, 64),
}
# Joints that change places in a mirrored picture, of the 18 of Human3.6M + Thorax.
FLIP_PAIRS = [(1, 4), (2, 5), (3, 6), (14, 11), (15, 12), (16, 13)]


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.BatchNorm2d(dim)
        self.pwconv1 = nn.Conv2d(dim, 4 * dim, 1)
        self.pwconv2 = nn.Conv2d(4 * dim, dim, 1)

    def forward(self, x):
        return x + self.pwconv2(torch.relu(self.pwconv1(self.norm(self.dwconv(x)))))


class Backbone(nn.Module):
    def __init__(self, depths, dims):
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, dims[0], 4, stride=4), nn.BatchNorm2d(dims[0]))])
        for before, after in zip(dims, dims[1:]):
            self.downsample_layers.append(
                nn.Sequential(nn.BatchNorm2d(before), nn.Conv2d(before, after, 2, stride=2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*[Block(dim) for _ in range(depth)]) for depth, dim in zip(depths, dims))
        self.norm = nn.BatchNorm2d(dims[-1])

    def forward(self, x):
        for downsample, stage in zip(self.downsample_layers, self.stages):
            x = stage(downsample(x))
        return self.norm(x)


class HeadLayer(nn.Module):
    def __init__(self, dim, channels, kernel, up):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.norm = nn.BatchNorm2d(dim)
        self.pwconv = nn.Conv2d(dim, channels, 1)
        self.up = (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True) if up
                   else nn.Identity())

    def forward(self, x):
        return self.up(torch.relu(self.pwconv(self.norm(self.dwconv(x)))))


class Head(nn.Module):
    def __init__(self, dim, layers, joints, depth_bins):
        super().__init__()
        self.joints, self.depth_bins, self.layer_count = joints, depth_bins, len(layers)
        for k, layer in enumerate(layers, start=1):
            setattr(self, f"deconv_layers_{k}",
                    HeadLayer(dim, layer["channels"], layer["kernel"], layer["up"]))
            dim = layer["channels"]
        self.final_layer = nn.Conv2d(dim, joints * depth_bins, 1)

    def forward(self, x):
        """Heatmaps [N, J, D, H, W]."""
        for k in range(1, self.layer_count + 1):
            x = getattr(self, f"deconv_layers_{k}")(x)
        x = self.final_layer(x)
        return x.reshape(len(x), self.joints, self.depth_bins, *x.shape[2:])


def soft_argmax(heatmaps):
    """Heatmaps [N, J, D, H, W] -> mean and standard deviation [N, J, 3] of x, y, z, in cells."""
    volume = torch.softmax(heatmaps.flatten(2), dim=2).reshape(heatmaps.shape)
    means, sigmas = [], []
    for axis in (4, 3, 2):
        marginal = volume.sum([other for other in (2, 3, 4) if other != axis])
        cell = torch.arange(marginal.shape[2], dtype=marginal.dtype, device=marginal.device)
        mean = (marginal * cell).sum(2, keepdim=True)
        means.append(mean.squeeze(2))
        sigmas.append((marginal * (cell - mean) ** 2).sum(2).sqrt())
    return torch.stack(means, 2), torch.stack(sigmas, 2)


class ConvNeXtPose(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.backbone = Backbone(config["depths"], config["dims"])
        self.head = Head(config["dims"][-1], config["head"], config["joints"],
                         config["depth_bins"])
        ups = sum(layer["up"] for layer in config["head"])
        self.heatmap_width = config["input"][1] // 32 * 2**ups
        self.eval()

    def forward(self, x, with_sigma=False):
        """Picture [N, 3, H, W] -> joints [N, J, 3] as (x, y, z) heatmap cells; and their sigmas."""
        coordinates, sigmas = soft_argmax(self.head(self.backbone(x)))
        return (coordinates, sigmas) if with_sigma else coordinates


def mirrored_back(coordinates, heatmap_width):
    """Joints of a mirrored picture [N, 18, 3] -> those of the picture, for the flip test's mean."""
    back = coordinates.clone()
    back[..., 0] = heatmap_width - 1 - back[..., 0]
    for a, b in FLIP_PAIRS:
        back[:, [a, b]] = back[:, [b, a]]
    return back


def parameter_counts(network):
    """Trainable, and with BatchNorm's buffers."""
    trainable = sum(p.numel() for p in network.parameters())
    return trainable, trainable + sum(b.numel() for b in network.buffers())


if __name__ == "__main__":
    for variant, config in VARIANTS.items():
        print(variant, *parameter_counts(ConvNeXtPose(config)))

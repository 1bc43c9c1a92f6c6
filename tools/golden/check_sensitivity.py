"""Would a wrong engine be seen? Breaks the reference as an engine may be wrong, one way at a time.

Prints, for every golden case, the largest change of a coordinate in heatmap cells. The golden
test's tolerance is 1e-3 cells.
"""
import copy

import torch
from torch import nn

import golden_weights
from make_golden import CASES
from reference_network import ConvNeXtPose


def batch_norms(network):
    return [(name, m) for name, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)]


def without_eps(network):
    for _, norm in batch_norms(network):
        norm.eps = 0.0


def eps_outside_the_root(network):
    for _, norm in batch_norms(network):
        norm.running_var.copy_((norm.running_var.sqrt() + norm.eps) ** 2 - norm.eps)


def shift_of_last_norm_folded(network):
    """As if the padding around backbone.norm's output were its shift instead of zeros."""
    norm, conv = network.backbone.norm, network.head.deconv_layers_1.dwconv
    shift = norm.bias - norm.running_mean * norm.weight / (norm.running_var + norm.eps).sqrt()
    norm.bias -= shift
    conv.bias += shift * conv.weight.sum((1, 2, 3))


def corners_not_aligned(network):
    for module in network.modules():
        if isinstance(module, nn.Upsample):
            module.align_corners = False


def kernels_transposed(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.copy_(module.weight.transpose(2, 3).clone())


def joints_and_depth_swapped(network):
    head = network.head
    order = torch.arange(head.joints * head.depth_bins).reshape(head.depth_bins, head.joints)
    head.final_layer.weight.copy_(head.final_layer.weight[order.T.flatten()])
    head.final_layer.bias.copy_(head.final_layer.bias[order.T.flatten()])


def folded(network, dtype):
    """Every norm after a depthwise convolution folded into it, computed in `dtype`."""
    modules = dict(network.named_modules())
    for name, norm in batch_norms(network):
        conv = modules.get(name[:-len("norm")] + "dwconv")
        if conv is None:
            continue
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).to(dtype)
        bias = (conv.bias.to(dtype) - norm.running_mean.to(dtype)) * scale + norm.bias.to(dtype)
        conv.weight.copy_(conv.weight.to(dtype) * scale[:, None, None, None])
        conv.bias.copy_(bias)
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(norm.running_mean)


def folded_in_float32(network):
    folded(network, torch.float32)


def folded_in_float16(network):
    folded(network, torch.float16)


MISTAKES = [without_eps, eps_outside_the_root, shift_of_last_norm_folded, joints_and_depth_swapped,
            corners_not_aligned, kernels_transposed, folded_in_float32, folded_in_float16]


@torch.no_grad()
def main():
    print("case".ljust(10), *[m.__name__.rjust(len(m.__name__) + 2) for m in MISTAKES])
    for case in CASES:
        network = golden_weights.load(ConvNeXtPose(case["config"]), case["seed"]).double()
        x = golden_weights.picture(case["batch"], *case["config"]["input"], case["seed"])
        x = torch.from_numpy(x).permute(0, 3, 1, 2).double()
        right = network(x)
        changes = []
        for mistake in MISTAKES:
            wrong = copy.deepcopy(network)
            mistake(wrong)
            changes.append((wrong(x) - right).abs().max().item())
        cells = (f"{c:{len(m.__name__) + 2}.1e}" for c, m in zip(changes, MISTAKES))
        print(case["config"]["name"].ljust(10), *cells, flush=True)


if __name__ == "__main__":
    main()

"""The ways in which checkpoints in the wild name the tensors of the same network.

Each style is a function from a canonical state dict (reference_network.py) to another state dict.
"""
import re
from collections import OrderedDict


def renamed(state, rename):
    return OrderedDict((rename(name), tensor) for name, tensor in state.items())


def canonical(state):
    return OrderedDict(state)


def data_parallel(state):
    return renamed(state, lambda name: "module." + name)


def compiled(state):
    return renamed(state, lambda name: "_orig_mod." + name)


def compiled_data_parallel(state):
    return compiled(data_parallel(state))


def encoder(state):
    """Upstream ConvNeXt's name of the backbone."""
    return renamed(state, lambda name: re.sub(r"^backbone\.", "encoder.", name))


def no_backbone(state):
    return renamed(state, lambda name: re.sub(r"^backbone\.", "", name))


def legacy_head(state):
    """As in the published M and L: the parts of a head layer are numbered."""
    def rename(name):
        match = re.fullmatch(r"(head\.deconv_layers_\d+)\.(dwconv|norm|pwconv)\.(.*)", name)
        if not match:
            return name
        return f"{match[1]}.{('dwconv', 'norm', 'pwconv').index(match[2])}.{match[3]}"
    return renamed(state, rename)


def list_head(state):
    """The head's layers in a list, which counts from 0."""
    return renamed(state, lambda name: re.sub(
        r"^head\.deconv_layers_(\d+)\.", lambda m: f"head.deconv_layers.{int(m[1]) - 1}.", name))


def _sparse_tensor(name, tensor, is_norm):
    prefix, leaf = name.rsplit(".", 1)
    layer = prefix.rsplit(".", 1)[1]
    if is_norm:
        return f"{prefix}.ln.{leaf}", tensor
    if layer.startswith("pwconv"):
        return f"{prefix}.linear.{leaf}", tensor.flatten(1) if leaf == "weight" else tensor[None]
    if leaf == "bias":
        return name, tensor[None]
    kernel = tensor.transpose(2, 3).flatten(2).permute(2, 1, 0)
    return prefix + ".kernel", kernel.squeeze(1) if layer == "dwconv" else kernel


def sparse(state):
    """Upstream ConvNeXt V2 pre-trained on sparse tensors.

    Convolution weights [out, in, k, k] become kernels [k * k, in, out], depthwise ones
    [C, 1, k, k] become [k * k, C], both with the two spatial axes exchanged; a 1x1 convolution is
    a linear layer [out, in]; biases are [1, C]; norms and linear layers are wrapped. The head is
    not part of the pre-training and keeps its form.
    """
    sparse_state = OrderedDict()
    for name, tensor in encoder(state).items():
        if name.startswith("encoder."):
            statistics = "backbone." + name[len("encoder."):].rsplit(".", 1)[0] + ".running_var"
            name, tensor = _sparse_tensor(name, tensor, is_norm=statistics in state)
        sparse_state[name] = tensor.contiguous()
    return sparse_state


STYLES = {style.__name__: style for style in (
    canonical, data_parallel, compiled, compiled_data_parallel, encoder, no_backbone, legacy_head,
    list_head, sparse)}

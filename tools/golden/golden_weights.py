"""Seeded tensors with the statistics of trained weights; convnextpose/synthetic is the twin.

Full-size networks are tested without committed weights: both languages make the same bits. What is
trained-like about them: BatchNorm's running variances lie mostly far below its eps = 1e-5, a few
channels are dead, the activations have about those variances through the whole depth, and the
heatmaps are neither flat nor a single cell.

Numbers. Random(name, i), a whole number below 2^32, is the upper half of mix(h, i), where h is
fnv1a64(name) ^ seed and mix is splitmix64's output for the state h + (i + 1) * 0x9E3779B97F4A7C15
(modulo 2^64). Unit = Random / 2^32 lies in [0, 1), Sym = 2 * Unit - 1 in [-1, 1). All arithmetic is
IEEE double with + - * / sqrt, left to right, and one rounding to float32 at the end. The terms of
every sum are exact by their few bits, so that a compiler's fused multiply-add changes nothing.

Rules. n is the tensor's name and p the name without its last part. i counts the elements in
row-major order, F = elements / output channels (the fan-in), o = i / F the output channel,
c = i % F.

BatchNorm, four kinds: "stem" (backbone.downsample_layers.0.1), "stream" (the other norms among
downsample_layers, backbone.norm), "stages" and "head" (after their depthwise convolutions).
  scale g       2^-8 stem, 2^-2 head, 2^-4 else
  weight        (1 + Unit(n, o)) * g
  bias          Sym(n, o) * (g / 2)
  spread s      stem, stream: (1 + Unit(p, o)) * 2^-8
                stages, head: (1 + Unit(p, o)) * 2^-(8 + floor(8 * Unit(p + ".octave", o))), but
                2^-30, a dead channel, where Unit(p + ".dead", o) < 1 / 64
  running_var   s * s
  running_mean  stream: Sym(n, o) * s / 2
                else b * (1 + Sym(n, o) / 16) with b the bias of the convolution before it
  num_batches_tracked   1000 + floor(1000 * Unit(n, 0))
Convolution biases
  Sym(n, o) * 2^-6 stem, dwconv; 2^-10 pwconv2, downsample; 2^-3 pwconv, final_layer
  (Sym(n, o) - 1) * 2^-8 pwconv1
Convolution weights, v * gain / sqrt(F)
  v     Sym(n, i), but
        pwconv2, so that pairs of inputs cancel the mean that ReLU leaves: Sym(n, i / 2), negated
        for odd i
        final_layer, so that heatmaps are smooth along depth: L(k) * (8 - r) + L(k + 1) * r, where
        k = o / 8, r = o % 8 and L(k) = Sym(n, k * F + c / 2), negated for odd c
  gain  2 s stem; 400 s dwconv of stages; 20 s dwconv of the head's layer 1, 16 s of its others,
        where s is the spread of the norm that follows;
        0.09 downsample, 0.7 pwconv1, 0.35 pwconv2, 3 pwconv, 2 final_layer

Picture [N, H, W, 3]: value noise. For cells of 64, 16, 4, 1 pixels with amplitudes 2, 1, 0.5, 0.5:
a corner is floor(Random("picture.<cell>", ((picture * (H / cell + 2) + row) * (W / cell + 2) +
column) * 3 + channel) / 2^16) - 2^15; the corners of a pixel's cell are interpolated bilinearly in
whole numbers, times amplitude * 2^-15 / cell^2; the four octaves are added.
"""
import numpy as np

_STEM = "backbone.downsample_layers.0.0"
_DOWNSAMPLE = "backbone.downsample_layers."
_BIAS_SCALE = {"stem": 2**-6, "dwconv": 2**-6, "pwconv1": 2**-8, "pwconv2": 2**-10,
               "downsample": 2**-10, "pwconv": 2**-3, "final_layer": 2**-3}
_GAIN = {"stem": 2, "downsample": 0.09, "pwconv1": 0.7, "pwconv2": 0.35, "pwconv": 3,
         "final_layer": 2}


def fnv1a64(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


def mix(h, i):
    with np.errstate(over="ignore"):
        step = np.uint64(0x9E3779B97F4A7C15)
        z = np.asarray(h, np.uint64) + (np.asarray(i, np.uint64) + np.uint64(1)) * step
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def checksum(array):
    """The sum over a float32 array's elements of mix(bits, index), modulo 2^64."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).ravel()
    return int(mix(bits.astype(np.uint64), np.arange(bits.size)).sum(dtype=np.uint64))


def _random(name, i, seed):
    return (mix(fnv1a64(name) ^ seed, i) >> np.uint64(32)).astype(np.float64)


def _unit(name, i, seed):
    return _random(name, i, seed) / 2**32


def _sym(name, i, seed):
    return 2 * _unit(name, i, seed) - 1


def _kind(p):
    """Of the layer p: what the rules call a convolution, or "norm" and its kind."""
    if p.startswith(_DOWNSAMPLE):
        stage, part = p[len(_DOWNSAMPLE):].split(".")
        if stage == "0":
            return "stem" if part == "0" else "norm stem"
        return "norm stream" if part == "0" else "downsample"
    if p == "backbone.norm":
        return "norm stream"
    last = p.rsplit(".", 1)[1]
    if last != "norm":
        return last
    return "norm head" if p.startswith("head.") else "norm stages"


def _spread(p, o, seed):
    if _kind(p) in ("norm stem", "norm stream"):
        return (1 + _unit(p, o, seed)) * 2**-8
    octave = np.floor(8 * _unit(p + ".octave", o, seed))
    spread = (1 + _unit(p, o, seed)) * 2.0 ** -(8 + octave)
    return np.where(_unit(p + ".dead", o, seed) < 1 / 64, 2**-30, spread)


def _norm(n, o, seed):
    p, leaf = n.rsplit(".", 1)
    kind = _kind(p)
    scale = {"norm stem": 2**-8, "norm head": 2**-2}.get(kind, 2**-4)
    if leaf == "weight":
        return (1 + _unit(n, o, seed)) * scale
    if leaf == "bias":
        return _sym(n, o, seed) * (scale / 2)
    if leaf == "running_var":
        return _spread(p, o, seed) * _spread(p, o, seed)
    if kind == "norm stream":
        return _sym(n, o, seed) * _spread(p, o, seed) / 2
    before = _STEM if kind == "norm stem" else p[:-len("norm")] + "dwconv"
    return _bias(before + ".bias", o, seed) * (1 + _sym(n, o, seed) / 16)


def _bias(n, o, seed):
    kind = _kind(n.rsplit(".", 1)[0])
    return (_sym(n, o, seed) - (kind == "pwconv1")) * _BIAS_SCALE[kind]


def _gain(p, o, seed):
    kind = _kind(p)
    if kind == "stem":
        return 2 * _spread(_DOWNSAMPLE + "0.1", o, seed)
    if kind == "dwconv":
        gain = 400 if p.startswith("backbone.") else 20 if "_layers_1." in p else 16
        return gain * _spread(p[:-len("dwconv")] + "norm", o, seed)
    return _GAIN[kind]


def _weight(n, i, fan_in, seed):
    p = n.rsplit(".", 1)[0]
    o, c = i // fan_in, i % fan_in
    if _kind(p) == "pwconv2":
        v = np.where(i % 2 == 1, -_sym(n, i // 2, seed), _sym(n, i // 2, seed))
    elif _kind(p) == "final_layer":
        def lattice(k):
            return np.where(c % 2 == 1, -1, 1) * _sym(n, k * fan_in + c // 2, seed)
        k, r = o // 8, o % 8
        v = lattice(k) * (8 - r) + lattice(k + 1) * r
    else:
        v = _sym(n, i, seed)
    return v * _gain(p, o, seed) / np.sqrt(np.float64(fan_in))


def tensor(n, shape, seed):
    """The float32 array of a canonical name; num_batches_tracked is one int64."""
    if n.endswith("num_batches_tracked"):
        return np.array(1000 + np.floor(1000 * _unit(n, 0, seed)), np.int64)
    i = np.arange(np.prod(shape))
    fan_in = i.size // shape[0]
    p, leaf = n.rsplit(".", 1)
    if _kind(p).startswith("norm"):
        values = _norm(n, i, seed)
    elif leaf == "bias":
        values = _bias(n, i, seed)
    else:
        values = _weight(n, i, fan_in, seed)
    return values.astype(np.float32).reshape(shape)


def picture(batch, height, width, seed):
    """Pictures [N, H, W, 3] with the range of normalised ones, smooth with some grain."""
    n, y, x, channel = np.ogrid[:batch, :height, :width, :3]
    total = np.zeros((batch, height, width, 3))
    for cell, amplitude in ((64, 2), (16, 1), (4, 0.5), (1, 0.5)):
        rows, columns = height // cell + 2, width // cell + 2

        def corner(row, column):
            index = ((n * rows + row) * columns + column) * 3 + channel
            return np.floor(_random(f"picture.{cell}", index, seed) / 2**16) - 2**15

        row, fy, column, fx = y // cell, y % cell, x // cell, x % cell
        upper = corner(row, column) * (cell - fx) + corner(row, column + 1) * fx
        lower = corner(row + 1, column) * (cell - fx) + corner(row + 1, column + 1) * fx
        value = upper * (cell - fy) + lower * fy
        total += value * (amplitude * 2**-15 / cell**2)
    return total.astype(np.float32)


def load(network, seed):
    """Fills a PyTorch network with the seed's tensors."""
    import torch
    arrays = {name: tensor(name, tuple(old.shape), seed)
              for name, old in network.state_dict().items()}
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return network

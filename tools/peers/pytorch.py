#!/usr/bin/python3
"""PyTorch as a peer of `convnextpose bench`; README.md says what is spoken."""
import os
import pathlib
import sys
import time

import numpy as np
from protocol import serve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))


def tensors(task, model):
    """The state dict: float32 tensors one after the other, in the order of the task's list."""
    import torch
    values = np.frombuffer(model, "<f4")
    state, begin = {}, 0
    for tensor in task["model"]["tensors"]:
        count = int(np.prod(tensor["shape"]))
        state[tensor["name"]] = torch.from_numpy(
            values[begin:begin + count].reshape(tensor["shape"]).copy())
        begin += count
    return state


def ways(network, x):
    """Every way to run it that may be the fastest: (name, function, input)."""
    import torch
    channels_last = x.contiguous(memory_format=torch.channels_last)
    yield "eager", network, x
    frozen = torch.jit.freeze(torch.jit.trace(network, x))
    yield "TorchScript, frozen", frozen, x
    yield "TorchScript, optimised for inference", torch.jit.optimize_for_inference(frozen), x
    network = network.to(memory_format=torch.channels_last)
    yield "eager, channels last", network, channels_last
    yield ("TorchScript, frozen, channels last",
           torch.jit.freeze(torch.jit.trace(network, channels_last)), channels_last)


def seconds(function, x):
    """The best of a few runs, after those in which TorchScript compiles."""
    times = []
    for _ in range(6):
        start = time.perf_counter()
        function(x)
        times.append(time.perf_counter() - start)
    return min(times[3:])


def load(task, model, pictures):
    # Told that it has one thread, PyTorch 1.13 passes oneDNN by and takes 20 times as long. So it is
    # told two, and OpenMP gives it one.
    os.environ["OMP_THREAD_LIMIT"] = str(task["threads"])
    import torch
    from reference_network import ConvNeXtPose
    torch.set_grad_enabled(False)
    torch.set_num_threads(max(2, task["threads"]))
    network = ConvNeXtPose(task["config"]).eval()
    missing, unknown = network.load_state_dict(tensors(task, model), strict=False)
    if unknown or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"tensors that do not fit: {unknown or missing}")
    x = torch.from_numpy(pictures)
    name, function, x = min(ways(network, x), key=lambda way: seconds(way[1], way[2]))
    return lambda: function(x), {"version": torch.__version__, "settings": name}


serve(load)

#!/usr/bin/python3
"""Writes testdata/checkpoints/ and the seeds of fuzz/corpus/: one tiny checkpoint in every form.

Run from anywhere with Debian's python3-torch and python3-numpy. The files are committed; the tests
compare what the reader makes of them with expected.json, which torch itself provides.
"""

import argparse
import collections
import io
import json
import pathlib
import pickle
import shutil
import struct
import tarfile
import zipfile

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "testdata" / "checkpoints"
CORPUS = ROOT / "fuzz" / "corpus"
NAME = "snapshot_7.pth"


def state_dict():
    """Every type, and every way in which tensors lie in storages."""
    torch.manual_seed(7)
    shared = torch.arange(12, dtype=torch.float32) / 8
    names = collections.OrderedDict()
    names["module.conv.weight"] = torch.nn.Parameter(torch.randn(2, 3, 1, 2))
    names["module.conv.bias"] = shared[3:5]
    names["module.transposed"] = shared.view(3, 4).t()
    names["module.every_second"] = shared.view(3, 4)[1:, ::2]
    names["module.expanded"] = shared[:1].expand(2, 3)
    names["module.norm.weight"] = torch.tensor([1.5, -0.25, 6e-8, 65504.0]).half()
    names["module.norm.bias"] = torch.tensor([1.0, -3.140625, 1e30]).bfloat16()
    names["module.norm.running_mean"] = torch.tensor([0.5, -1e-7], dtype=torch.float64)
    names["module.norm.num_batches_tracked"] = torch.tensor(123456789)
    names["module.int32"] = torch.tensor([-5, 2**31 - 1], dtype=torch.int32)
    names["module.int16"] = torch.tensor([-300, 7], dtype=torch.int16)
    names["module.int8"] = torch.tensor([-128, 127], dtype=torch.int8)
    names["module.uint8"] = torch.tensor([0, 255], dtype=torch.uint8)
    names["module.bool"] = torch.tensor([True, False])
    names["module.empty"] = torch.zeros(0, 4)
    return names


def optimizer_state():
    layer = torch.nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


def checkpoint(network):
    """What training scripts save beside the network."""
    return {
        "epoch": 7,
        "network": network,
        "optimizer": optimizer_state(),
        "scheduler": {"milestones": collections.Counter([17, 21]), "last_epoch": 7, "_a": {1, 2}},
        "args": argparse.Namespace(lr=1e-3, gpus=["0", "1"], size=torch.Size([2, 3]), flag=None),
        "best": 49.75,
        "note": "tiny",
        "amp": False,
        "big": 2**40,
        "loss": [numpy.float64(0.5), numpy.float32(2.5)],
        "array": numpy.arange(3.0),
    }


def torch_bytes(value, name=NAME, **options):
    """torch names the folder in the archive after the file."""
    path = OUT / name
    torch.save(value, path, **options)
    data = path.read_bytes()
    path.unlink()
    return data


def files_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


def zip_bytes(files, method, zip64=False):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as entry:
                entry.write(data)
    return buffer.getvalue()


def tar_bytes(files, form):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class LegacyViewPickler(pickle.Pickler):
    """Persistent ids as torch 0.3 wrote them for a storage that is a part of another."""

    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.count = 0

    def persistent_id(self, obj):
        if not isinstance(obj, torch.storage.TypedStorage):
            return None
        self.count += 1
        return ("storage", torch.FloatStorage, "whole", "cpu", 6, (f"part{self.count}", 2, 3))


def legacy_views():
    """Two tensors on the view [2, 5) of a storage of six floats."""
    out = io.BytesIO()
    for head in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
        pickle.dump(head, out, protocol=2)
    part = torch.zeros(3)
    LegacyViewPickler(out).dump({"state_dict": {"a": part, "b": part[1:]}})
    pickle.dump(["whole"], out, protocol=2)
    return out.getvalue() + struct.pack("<q6f", 6, *range(6))


TYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}


def safetensors_bytes(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy()) \
            if tensor.numel() else b""
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def python2_pickle():
    """An OrderedDict made from a list of pairs, and keys as Python 2's str: opcodes by hand."""
    return (b"\x80\x02}(U\x05epochK\x03U\x07networkccollections\nOrderedDict\n](]("
            b"U\x01wctorch._utils\n_rebuild_tensor\n((U\x07storagectorch\nFloatStorage\n"
            b"U\x010U\x03cpuK\x02NtQK\x00K\x02\x85K\x01\x85tReetRu.").replace(b"eetR", b"ee\x85R")


def expected(tensors):
    return [{"name": name, "dtype": str(tensor.dtype).split(".")[1], "shape": list(tensor.shape),
             "values": tensor.detach().float().flatten().tolist()}
            for name, tensor in tensors.items()]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    network = state_dict()
    full = checkpoint(network)
    whole = torch_bytes(full)
    files = files_of(whole)
    deeper = {f"ConvNeXtPose/{name}": data for name, data in files.items()}
    small = collections.OrderedDict(w=torch.tensor([1.5, -2.0]))
    small_zip = torch_bytes({"epoch": 3, "network": small})
    long_names = {"d" * 90 + "/" + name: data for name, data in files_of(small_zip).items()}
    outputs = {
        "zip.pth": whole,
        "protocol4.pth": torch_bytes(full, pickle_protocol=4),
        "bare.pth": torch_bytes(network),
        "deflated.tar": zip_bytes(files, zipfile.ZIP_DEFLATED),
        "zip64.pth": zip_bytes(files, zipfile.ZIP_STORED, zip64=True),
        "deeper.zip": zip_bytes(deeper, zipfile.ZIP_STORED),
        "folder.tar": tar_bytes(files, tarfile.PAX_FORMAT),
        "file.tar": tar_bytes({"._" + NAME: b"junk of macOS", NAME: whole}, tarfile.GNU_FORMAT),
        "long_name.tar": tar_bytes(long_names, tarfile.GNU_FORMAT),
        "ustar_name.tar": tar_bytes(long_names, tarfile.USTAR_FORMAT),
        "pax_name.tar": tar_bytes({"\u00e4" + name: data for name, data in long_names.items()},
                                  tarfile.PAX_FORMAT),
        "legacy.pth": torch_bytes(full, _use_new_zipfile_serialization=False),
        "legacy_views.pth": legacy_views(),
        "network.safetensors": safetensors_bytes(network, {"epoch": "7", "note": "tiny"}),
        "numpy_epoch.pth": torch_bytes({"epoch": numpy.int64(200), "state_dict": small}),
        "python2.pth": zip_bytes({"archive/data.pkl": python2_pickle(),
                                  "archive/data/0": struct.pack("<2f", 1.5, -2.0)},
                                 zipfile.ZIP_STORED),
        "small.pth": small_zip,
        "module.pth": torch_bytes(torch.nn.Linear(1, 1)),
        "script.pth": script_bytes(),
    }
    for name, data in outputs.items():
        (OUT / name).write_bytes(data)
    unpack(files, OUT / "folder")
    (OUT / "expected.json").write_text(json.dumps(expected(network), indent=1) + "\n")

    small_legacy = torch_bytes({"epoch": 3, "network": small}, _use_new_zipfile_serialization=False)
    small_safetensors = safetensors_bytes(small, {"epoch": "3"})
    seeds = {
        "fuzz_zip": {"stored": small_zip, "deflated": outputs["deflated.tar"],
                     "zip64": zip_bytes({"a": b"b"}, zipfile.ZIP_STORED, zip64=True)},
        "fuzz_pickle": {"protocol2": files[f"{NAME.removesuffix('.pth')}/data.pkl"],
                        "protocol4": pickle.dumps({"a": [1, 2.5, "x", b"y", {3}, (None, True)]}, 4),
                        "python2": python2_pickle()},
        "fuzz_legacy": {"small": small_legacy, "views": outputs["legacy_views.pth"]},
        "fuzz_safetensors": {"small": small_safetensors,
                             "all_types": outputs["network.safetensors"]},
        "fuzz_checkpoint": {"zip": small_zip, "legacy": small_legacy,
                            "safetensors": small_safetensors,
                            "tar": tar_bytes(files_of(small_zip), tarfile.PAX_FORMAT),
                            "long_name": outputs["long_name.tar"]},
    }
    for target, entries in seeds.items():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        for name, data in entries.items():
            (CORPUS / target / name).write_bytes(data)


def script_bytes():
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.ReLU(), torch.zeros(1)), buffer)
    return buffer.getvalue()


def unpack(files, folder):
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()

"""Makes this folder: dictionaries of tensors as torch.save writes them, a module of TorchScript, and what is in them.

pip install torch==2.10.0 numpy==2.4.6; then: python make.py
"""

import collections
import json
import os
import pathlib
import zipfile

import torch

HERE = pathlib.Path(__file__).parent
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64"}


class Attack:
    def __reduce__(self):
        return os.system, ("echo this ran",)


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Identity())
        self.inner[0].weight.data = torch.arange(6.0).view(3, 2)
        self.inner[0].bias.data = torch.tensor([0.5, -1.5, 2.5], dtype=torch.float16)
        self.scale = torch.nn.Parameter(torch.tensor(1.25))
        self.register_buffer("size", torch.tensor(224))
        self.rate = 0.5

    def forward(self, x):
        return self.inner(x) * self.scale + self.rate


def state():
    shared = torch.arange(12, dtype=torch.float32) / 4
    matrix = torch.tensor([[1.5, -2.0, 3.25], [0.0, 5.0, -6.5]])
    tensors = collections.OrderedDict()
    tensors["matrix"] = matrix
    tensors["tied"] = matrix
    tensors["transposed"] = (matrix * 2).t()
    tensors["half"] = torch.tensor([0.5, -1.25, 3.0], dtype=torch.float16)
    tensors["brain"] = torch.tensor([0.5, -1.25, 3.0], dtype=torch.bfloat16)
    tensors["double"] = torch.tensor([[0.1]], dtype=torch.float64)
    tensors["position_ids"] = torch.arange(5).expand((1, -1))
    tensors["scalar"] = torch.tensor(2.5)
    tensors["slice"] = shared[4:8].view(2, 2)
    tensors["empty"] = torch.empty(0, 7)
    tensors["parameter"] = torch.nn.Parameter(torch.tensor([7.0, 8.0]))
    tensors._metadata = collections.OrderedDict({"": {"version": 1}})  # as every module's state_dict() has
    return tensors


def zip_again(name, compression, **limits):
    """torch's entries, written by Python's zipfile."""
    before = {limit: getattr(zipfile, limit) for limit in limits}
    for limit, value in limits.items():
        setattr(zipfile, limit, value)
    with zipfile.ZipFile(HERE / "zip.bin") as source, zipfile.ZipFile(HERE / name, "w", compression) as target:
        for entry in source.namelist():
            target.writestr(zipfile.ZipInfo(entry), source.read(entry), compression)
    for limit, value in before.items():
        setattr(zipfile, limit, value)


def main():
    tensors = state()
    torch.save(tensors, HERE / "zip.bin")
    torch.save(tensors, HERE / "old.bin", _use_new_zipfile_serialization=False)
    torch.save(tensors, HERE / "protocol4.bin", pickle_protocol=4)
    wrapped = {"epoch": 3, "best": -0.5, "names": ["a", "b", ("c", None, True)], "large": 1 << 40, "state_dict": tensors}
    torch.save(wrapped, HERE / "wrapped.bin")
    # Every size and offset goes where zip64 puts those beyond 4 GiB; the end of a file over 4 GiB says so.
    zip_again("zip64.bin", zipfile.ZIP_STORED, ZIP64_LIMIT=-1, ZIP_FILECOUNT_LIMIT=0)
    small = (HERE / "zip64.bin").read_bytes()
    (HERE / "zip64.bin").write_bytes(small[:-14] + b"\xff" * 12 + small[-2:])
    zip_again("compressed.bin", zipfile.ZIP_DEFLATED)
    torch.save({"a": torch.arange(8.0)[::2]}, HERE / "strided.bin")
    torch.save({"a": torch.zeros(1), "b": Attack()}, HERE / "attack.bin")
    torch.save({"a": torch.zeros(1), "b": Attack()}, HERE / "old-attack.bin", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(Module()), HERE / "script.bin")
    expected = {
        name: {"dtype": DTYPES[value.dtype], "shape": list(value.shape), "values": value.double().flatten().tolist()}
        for name, value in tensors.items()
    }
    (HERE / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


main()

"""Networks that run with their activations stored."""

from __future__ import annotations

import os
from ctypes import byref, c_int64
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np

from . import _lib
from ._lib import HANDLE, Bytes, Error, Handle, Progress, Tensor, Tensors
from ._profile import Profile

Images = Union[np.ndarray, str]
"""Images: an array with them along the first axis, or a SPEC of the command line ("dir:photos", "cifar10:test.bin")."""


class Network:
    """An ONNX network made ready to run. Immutable; any number of threads may use it.

    Without preprocessing (an option, or a YAML file beside the model) arrays are the network's inputs as they are. bind
    gives a network that computes with stored activations.

    Attributes:
        name, engine, bound: what it is called, what runs it, whether it is bound to a profile.
        inputs, outputs, edges: shapes by name; an edge is a tensor that is stored.
    """

    def __init__(
        self, model: Union[str, "os.PathLike[str]", bytes], profile: Optional[Profile] = None, *,
        preprocess: Optional[Mapping[str, Any]] = None, edges: Optional[str] = None, skip: Optional[Sequence[Union[str, int]]] = None,
        engine: Optional[str] = None, output: Optional[str] = None, part: bool = False,
    ) -> None:
        """Open a model.

        Args:
            model: path of an .onnx file, its bytes, or "demo:classify" or "demo:segment".
            profile: one made of this network, which is opened as that says and bound to it.
            preprocess: how images become inputs, by the keys of the YAML file: {"size": 256, "crop": 224, "mean": "0.5"}.
            edges: "stored", "activations" or "blocks": which tensors count as edges.
            skip: edges that stay float32, by name or number.
            engine: "auto", "native" or "ort".
            output: the output that is scored against labels.
            part: the model is a part of a network: it takes tensors, by the names of its inputs.
        """
        self._part = part
        if profile is not None:
            self._bind(_lib.made("dqa_network_of", _lib.text(model), profile._handle.value))
            return
        texts = None if preprocess is None else {k: _setting(v) for k, v in preprocess.items()}
        asked = _lib.options(preprocess=texts, edges=edges, skip=None if skip is None else [str(s) for s in skip], engine=engine,
                             output=output, part=part)
        if isinstance(model, bytes):
            self._bind(_lib.made("dqa_network_parse", b"model.onnx", model, len(model), asked))
        else:
            self._bind(_lib.made("dqa_network_open", _lib.text(model), asked))

    def _bind(self, handle: Handle) -> None:
        self._handle = handle
        info = _lib.told("dqa_network_info", handle.value)
        self.name: str = info["name"]
        self.engine: str = info["engine"]
        self.bound: bool = info["bound"]
        self.inputs, self.outputs, self.edges = ({v["name"]: tuple(v["shape"]) for v in info[k]} for k in ("inputs", "outputs", "edges"))

    def bind(self, profile: Profile) -> "Network":
        """The network that computes with stored activations; a profile of another network raises Error."""
        n = Network.__new__(Network)
        n._part = self._part
        n._bind(_lib.made("dqa_network_bind", self._handle.value, profile._handle.value))
        return n

    def calibrate(
        self, images: Images, setting: str = "graded", *, labels: Optional[np.ndarray] = None, coder: Optional[str] = None,
        workers: int = 0, probabilities: bool = False, allow_nonfinite: bool = False, seed: int = 0, progress: Optional[Progress] = None,
    ) -> Profile:
        """A profile from images, which need no labels but for greedy rankings and max-drop.

        setting is a method with what it uses, as the command line's --methods: "graded:budget=2", "graded:max-kl=0.01",
        "dqa:mse:m=2:r=0.25". Profiles do not depend on the number of workers (0: all cores).
        """
        data = self._data(images, labels)
        asked = _lib.options(setting=setting, coder=coder, workers=workers, probabilities=probabilities, allow_nonfinite=allow_nonfinite,
                             seed=seed)
        out, report = HANDLE(), Bytes()
        _lib.long("dqa_calibrate", self._handle.value, data.value, asked, byref(out), byref(report), progress=progress)
        return Profile._of(Handle(out.value), _lib.json.loads(_lib.take_bytes(report)))

    def evaluate(
        self, images: Images, labels: Optional[np.ndarray] = None, *, workers: int = 0, probabilities: bool = False,
        allow_nonfinite: bool = False, seed: int = 0, progress: Optional[Progress] = None,
    ) -> dict:
        """A bound network against itself in float32, as `dqa eval --json` tells: accuracy where there are labels, agreement, bits of
        real frames."""
        data = self._data(images, labels)
        asked = _lib.options(workers=workers, probabilities=probabilities, allow_nonfinite=allow_nonfinite, seed=seed)
        out = Bytes()
        _lib.long("dqa_evaluate", self._handle.value, data.value, asked, byref(out), progress=progress)
        return _lib.json.loads(_lib.take_bytes(out))

    def run(
        self, images: Union[Images, Mapping[str, np.ndarray]], *, packed: bool = False, threads: int = 1, workers: int = 0,
        allow_nonfinite: bool = False, progress: Optional[Progress] = None,
    ) -> dict[str, np.ndarray]:
        """Outputs by name, with the images along the first axis. A bound network computes with stored activations; packed: between
        layers memory holds nothing else."""
        data = self._data(images, None)
        asked = _lib.options(packed=packed, threads=threads, workers=workers, allow_nonfinite=allow_nonfinite)
        out = Tensors()
        _lib.long("dqa_run", self._handle.value, data.value, asked, byref(out), progress=progress)
        return dict(_lib.take_tensors(out))

    def encode(
        self, images: Union[Images, Mapping[str, np.ndarray]], *, workers: int = 0, allow_nonfinite: bool = False,
        progress: Optional[Progress] = None,
    ) -> list[bytes]:
        """A frame of a bound network's activations for every image; the profile's decode restores them."""
        data = self._data(images, None)
        frames, sizes = Bytes(), Bytes()
        _lib.long("dqa_network_encode", self._handle.value, data.value, _lib.options(workers=workers, allow_nonfinite=allow_nonfinite),
                  byref(frames), byref(sizes), progress=progress)
        all, out, at = _lib.take_bytes(frames), [], 0
        for size in np.frombuffer(_lib.take_bytes(sizes), np.uint64).tolist():
            out.append(all[at:at + size])
            at += size
        return out

    def split(self, edge: Union[str, int], folder: Union[str, "os.PathLike[str]"]) -> dict:
        """Cut the network behind an edge into head.onnx and tail.onnx in a folder (of a bound network with their profiles)."""
        return _lib.told("dqa_split", self._handle.value, str(edge).encode(), _lib.text(folder))

    def _data(self, images: Any, labels: Optional[Any]) -> "_Data":
        if isinstance(images, str):
            if labels is not None:
                raise Error("labels beside a SPEC", "data-spec", "the SPEC names its labels")
            return _Data(_lib.made("dqa_data_open", self._handle.value, images.encode()))
        if self._part or isinstance(images, Mapping):
            return self._tensors(images)
        x = _lib.contiguous(images)
        y = None if labels is None else _lib.contiguous(labels)
        return _Data(_lib.made("dqa_data_wrap", self._handle.value, *_lib.wrapped(x), *_lib.wrapped(y)), x, y)

    def _tensors(self, values: Any) -> "_Data":
        if not isinstance(values, Mapping):
            values = {next(iter(self.inputs)): values}
        kept = [np.ascontiguousarray(v, np.float32) for v in values.values()]
        items = (Tensor * len(kept))()
        for item, name, v in zip(items, values, kept):
            if v.ndim > 8:
                raise Error(f"input {name!r} has {v.ndim} axes", "data-shape", "8 are the most")
            item.name, item.data, item.rank, item.shape = name.encode(), _lib.address(v), v.ndim, (c_int64 * 8)(*v.shape)
        return _Data(_lib.made("dqa_data_tensors", self._handle.value, items, len(kept)))

    def __repr__(self) -> str:
        return f"<dqa.Network {self.name}{', bound' if self.bound else ''}>"


class _Data:
    """Images as the library reads them, with the arrays that it reads."""

    def __init__(self, handle: Handle, *kept: Any) -> None:
        self._handle, self._kept, self.value = handle, kept, handle.value


def _setting(value: Any) -> str:
    """A setting of the preprocessing as text."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return ",".join(str(v) for v in value)
    return str(value)

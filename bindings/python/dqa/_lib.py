"""The border to libdqa (bindings/c/dqa.h): structures, handles, errors, and calls that can be interrupted."""

from __future__ import annotations

import ctypes
import json
import os
import threading
from ctypes import POINTER, Structure, byref, c_char, c_char_p, c_float, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

Progress = Callable[[str, str, int, int], None]
"""Told of long work: a phase for people, the unit, how many are done, of how many."""

HANDLE = c_size_t


class Error(RuntimeError):
    """What went wrong, by the catalogue of dqa: `name` is stable ("format-checksum"), `hint` says what helps, `code` is the
    command line's exit code."""

    def __init__(self, message: str, name: str = "other", hint: str = "", code: int = 1) -> None:
        super().__init__(message)
        self.name = name
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        text = f"{self.args[0]} [{self.name}]"
        return f"{text}; hint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple:
        return Error, (self.args[0], self.name, self.hint, self.code)


class Bytes(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


class CError(Structure):
    _fields_ = [("name", c_char_p), ("message", c_char_p), ("hint", c_char_p)]


class Tensor(Structure):
    _fields_ = [("name", c_char_p), ("data", c_void_p), ("shape", c_int64 * 8), ("rank", c_int)]


class Tensors(Structure):
    _fields_ = [("items", POINTER(Tensor)), ("count", c_size_t)]


class CProgress(Structure):
    _fields_ = [("phase", c_char * 64), ("unit", c_char * 16), ("done", c_int64), ("total", c_int64)]


_OUT, _BYTES, _ERR = POINTER(HANDLE), POINTER(Bytes), POINTER(CError)
_ARRAY = [c_void_p, c_char_p, POINTER(c_int64), c_int]
_PROTOTYPES: dict[str, list[Any]] = {
    "dqa_free": [HANDLE],
    "dqa_cancel": [HANDLE],
    "dqa_context_progress": [HANDLE, POINTER(CProgress)],
    "dqa_profile_parse": [c_char_p, c_size_t, _OUT],
    "dqa_profile_bytes": [HANDLE, _BYTES],
    "dqa_profile_info": [HANDLE, _BYTES],
    "dqa_profile_edges": [HANDLE, POINTER(Tensors)],
    "dqa_encode": [HANDLE, POINTER(c_void_p), POINTER(c_size_t), c_size_t, c_int, _BYTES],
    "dqa_decode": [HANDLE, c_char_p, c_size_t, POINTER(Tensors)],
    "dqa_decode_edge": [HANDLE, c_char_p, c_size_t, c_size_t, c_void_p, c_size_t],
    "dqa_array_wrap": _ARRAY + [_OUT],
    "dqa_array_open": [POINTER(c_char_p), c_size_t, _OUT],
    "dqa_fit": [HANDLE, HANDLE, HANDLE, c_char_p, _OUT, _BYTES],
    "dqa_pack": [HANDLE, HANDLE, HANDLE, c_char_p, c_char_p, _BYTES],
    "dqa_store_open": [c_char_p, HANDLE, _OUT],
    "dqa_store_info": [HANDLE, _BYTES],
    "dqa_store_profile": [HANDLE, _OUT],
    "dqa_store_read": [HANDLE, HANDLE, c_int64, c_void_p, c_size_t],
    "dqa_store_unpack": [HANDLE, HANDLE, c_char_p, c_int64, c_int64],
    "dqa_store_verify": [HANDLE, HANDLE, HANDLE, _BYTES],
    "dqa_network_open": [c_char_p, c_char_p, _OUT],
    "dqa_network_parse": [c_char_p, c_char_p, c_size_t, c_char_p, _OUT],
    "dqa_network_of": [c_char_p, HANDLE, _OUT],
    "dqa_network_bind": [HANDLE, HANDLE, _OUT],
    "dqa_network_info": [HANDLE, _BYTES],
    "dqa_data_open": [HANDLE, c_char_p, _OUT],
    "dqa_data_wrap": [HANDLE] + _ARRAY + _ARRAY + [_OUT],
    "dqa_data_tensors": [HANDLE, POINTER(Tensor), c_size_t, _OUT],
    "dqa_run": [HANDLE, HANDLE, HANDLE, c_char_p, POINTER(Tensors)],
    "dqa_network_encode": [HANDLE, HANDLE, HANDLE, c_char_p, _BYTES, _BYTES],
    "dqa_calibrate": [HANDLE, HANDLE, HANDLE, c_char_p, _OUT, _BYTES],
    "dqa_evaluate": [HANDLE, HANDLE, HANDLE, c_char_p, _BYTES],
    "dqa_split": [HANDLE, c_char_p, c_char_p, _BYTES],
}

_lib: Optional[ctypes.CDLL] = None
_lock = threading.Lock()
_forked = False


def library() -> ctypes.CDLL:
    """libdqa, loaded when it is first needed: the file that DQA_LIBRARY names, else the one of this package."""
    if _lib is not None and not _forked:
        return _lib
    return _load()


def _load() -> ctypes.CDLL:
    global _lib
    if _forked:
        raise Error("this process was forked from one that used dqa", "forked",
                    "start workers by multiprocessing's spawn or forkserver, or use dqa only in them", 1)
    with _lock:
        if _lib is None:
            path = os.environ.get("DQA_LIBRARY") or str(Path(__file__).with_name("libdqa.so"))
            try:
                lib = ctypes.CDLL(path)
            except OSError as err:
                raise Error(f"libdqa cannot be loaded: {err}", "library",
                            "install the wheel for this machine, or name the file by DQA_LIBRARY; dqa.reference decodes without it") from err
            _declare(lib)
            os.register_at_fork(after_in_child=_after_fork)
            _lib = lib
    return _lib


def _after_fork() -> None:
    """Go's threads are not in the child: calls would wait for ever."""
    global _forked
    _forked = True


def _declare(lib: ctypes.CDLL) -> None:
    for name, arguments in _PROTOTYPES.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments + [_ERR], c_int
    lib.dqa_version.restype = c_char_p
    lib.dqa_context_new.restype = HANDLE
    lib.dqa_set_max_memory.argtypes, lib.dqa_set_max_memory.restype = [c_int64], None
    for name, kind in {"bytes": Bytes, "tensors": Tensors, "error": CError}.items():
        free = getattr(lib, f"dqa_{name}_free")
        free.argtypes, free.restype = [POINTER(kind)], None


def version() -> str:
    """The version of libdqa."""
    return library().dqa_version().decode()


def set_max_memory(size: int) -> None:
    """Bound, in bytes, what tables of a profile, tensors of a frame, or an array that cannot be read row by row may take;
    0: 256 MiB. Bytes of strangers cannot cost more."""
    library().dqa_set_max_memory(size)


def check(code: int, err: CError) -> None:
    """Raise Error unless code is 0."""
    if code != 0:
        error = Error((err.message or b"").decode(errors="replace"), (err.name or b"other").decode(), (err.hint or b"").decode(), code)
        library().dqa_error_free(byref(err))
        raise error


def call(name: str, *arguments: Any) -> None:
    """Call a function of the library."""
    err = CError()
    check(getattr(library(), name)(*arguments, byref(err)), err)


class Handle:
    """Owns a handle of the library."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __del__(self) -> None:
        self.free()

    def free(self) -> None:
        value, self.value = self.value, 0
        if value and _lib is not None and not _forked:
            _lib.dqa_free(value, None)


def made(name: str, *arguments: Any) -> Handle:
    """Call a function whose last result is a handle."""
    out = HANDLE()
    call(name, *arguments, byref(out))
    return Handle(out.value)


def take_bytes(b: Bytes) -> bytes:
    data = ctypes.string_at(b.data, b.size) if b.size else b""
    library().dqa_bytes_free(byref(b))
    return data


def told(name: str, *arguments: Any) -> Any:
    """Call a function whose last result is JSON."""
    out = Bytes()
    call(name, *arguments, byref(out))
    return json.loads(take_bytes(out))


def take_tensors(t: Tensors) -> list[tuple[str, np.ndarray]]:
    """Names and arrays, copied."""
    all = []
    for i in range(t.count):
        item = t.items[i]
        shape = tuple(item.shape[:item.rank])
        values = np.empty(shape, np.float32)
        if item.data:
            ctypes.memmove(values.ctypes.data, item.data, values.nbytes)
        all.append((item.name.decode(), values))
    library().dqa_tensors_free(byref(t))
    return all


def address(x: np.ndarray) -> int:
    return x.__array_interface__["data"][0]


def wrapped(x: Optional[np.ndarray]) -> list:
    """An array as dqa_array_wrap and dqa_data_wrap want it; it must be C-contiguous."""
    if x is None:
        return [None, None, None, 0]
    return [address(x), x.dtype.str.encode(), (c_int64 * x.ndim)(*x.shape), x.ndim]


def contiguous(x: Any) -> np.ndarray:
    """An array of numbers in C order of a type that the library reads."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf" or x.dtype.itemsize > 8:
        raise Error(f"values of type {x.dtype} are no numbers that are read", "data-shape", "give bool, int, uint or float, up to 64 bits")
    return np.ascontiguousarray(x)


def options(**values: Any) -> bytes:
    """Options as JSON, without those that are None."""
    return json.dumps({k: v for k, v in values.items() if v is not None}).encode()


def text(value: Any) -> bytes:
    """A text or path as the library wants it."""
    return os.fsencode(value)


def long(name: str, *arguments: Any, progress: Optional[Progress] = None) -> None:
    """Call a function that takes a context first. In the main thread a worker runs it, so that Ctrl-C is noticed: the call is
    cancelled and KeyboardInterrupt raised."""
    context = Handle(library().dqa_context_new())
    if threading.current_thread() is not threading.main_thread():
        return call(name, context.value, *arguments)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            call(name, context.value, *arguments)
        except BaseException as err:  # raised in the caller's thread
            failed.append(err)

    worker = threading.Thread(target=work, name=name, daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(0.1)
            if progress is not None:
                _tell(context, progress)
    except BaseException:
        call("dqa_cancel", context.value)
        worker.join()
        raise
    if failed:
        raise failed[0]


def _tell(context: Handle, progress: Progress) -> None:
    now = CProgress()
    call("dqa_context_progress", context.value, byref(now))
    if now.phase:
        progress(now.phase.decode(errors="replace"), now.unit.decode(errors="replace"), now.done, now.total)

"""What must not happen at the border: crashes, hangs, signals that get lost."""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import dqa
from dqa import _lib


def hostile_stores(folder, features, profile):
    """Ten stores that are no good, by what is wrong."""
    dqa.pack(features, profile, folder / "good.zarr")

    def changed(name, **values):
        shutil.copytree(folder / "good.zarr", folder / name)
        meta = json.loads((folder / name / "zarr.json").read_text())
        meta.update(values)
        (folder / name / "zarr.json").write_text(json.dumps(meta))
        return folder / name

    def shard(name, change):
        shutil.copytree(folder / "good.zarr", folder / name)
        file = next(f for f in (folder / name / "c").rglob("*") if f.is_file())
        file.write_bytes(change(file.read_bytes()))
        return folder / name

    yield folder / "missing.zarr"
    yield changed("shape", shape=[1 << 60, 32])
    yield changed("negative", shape=[-1, 32])
    yield changed("axes", shape=[1001])
    yield changed("type", data_type="float64")
    yield changed("codec", codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
    yield changed("grid", chunk_grid={"name": "regular", "configuration": {"chunk_shape": [0, 0]}})
    yield changed("no codec", codecs=[])
    yield shard("truncated", lambda b: b[:len(b) // 2])
    yield shard("noise", lambda b: b[:50] + os.urandom(len(b) - 50))
    text = folder / "text.zarr"
    text.mkdir()
    (text / "zarr.json").write_text("[" * 100000)
    yield text
    archive = folder / "x.zarr.zip"
    archive.write_bytes(b"PK\x05\x06" + b"\xff" * 18)
    yield archive


def test_hostile_stores(features, profile, tmp_path):
    count = 0
    for path in hostile_stores(tmp_path, features, profile):
        with pytest.raises(dqa.Error) as e:
            dqa.open(path).verify()
        assert e.value.name not in ("fault", "other"), (path, str(e.value))
        count += 1
    assert count >= 10


def test_hostile_arrays(features, profile):
    few = features[:4]
    for wrong in [
        np.float32(1), np.zeros((0, 4), np.float32), np.zeros((5, 0), np.float32), few, np.array([["a", "b"]] * 9), np.zeros((9, 4), complex),
        np.array([object()] * 9), np.full((99, 4), np.nan), np.zeros((2,) * 9, np.int8), np.zeros((99, 2, 2, 2, 2), np.float32),
        np.zeros(99, "datetime64[s]"), ["/nowhere.npy"], [],
    ]:
        with pytest.raises(dqa.Error) as e:
            dqa.fit(wrong, max_error=0.1)
        assert e.value.name not in ("fault", "other"), str(e.value)
    for wrong in [features[:, :31], features.T, np.zeros((2, 2, 2)), np.float32(3)]:
        with pytest.raises(dqa.Error):
            profile.encode(wrong)


def test_hostile_bytes(features, profile):
    frame, whole = profile.encode(features[:profile.shape[0]]), bytes(profile)
    rng = np.random.default_rng(5)
    for good, read in [(frame, profile.decode), (profile.encode(features[:100]), profile.decode), (whole, dqa.Profile.from_bytes),
                       (whole, lambda b: dqa.Network(b))]:
        for _ in range(150):
            bad = bytearray(good)
            for at in rng.integers(0, len(bad), rng.integers(1, 4)):
                bad[at] ^= int(rng.integers(1, 256))
            bad = bytes(bad[:rng.integers(0, len(bad))]) if rng.random() < 0.3 else bytes(bad)
            try:
                read(bad)
            except dqa.Error as err:
                assert err.name != "fault", str(err)
    for bad in [b"", b"\0", b"DQAF", frame + b"\0", bytes([255]) * 2000]:
        with pytest.raises(dqa.Error):
            profile.decode(bad)


def test_memory_is_bounded(features):
    x = np.tile(features, (1, 40))
    whole = bytes(dqa.fit(x, max_error=0.1))
    dqa.set_max_memory(1000)
    try:
        with pytest.raises(dqa.Error) as e:
            dqa.Profile(whole)
        assert e.value.name == "format-memory"
    finally:
        dqa.set_max_memory(0)
    dqa.Profile(whole)


def test_handles(profile):
    err = _lib.CError()
    for value in [0, 1 << 40, (1 << 64) - 1]:
        with pytest.raises(dqa.Error) as e:
            _lib.call("dqa_profile_bytes", value, ctypes.byref(_lib.Bytes()))
        assert e.value.name == "handle"
    with pytest.raises(dqa.Error) as e:  # of something else
        _lib.call("dqa_network_info", profile._handle.value, ctypes.byref(_lib.Bytes()))
    assert e.value.name == "handle" and not err.name


def test_keyboard_interrupt(network, calibrated):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        network.calibrate("demo:classify[0:128]", "dqa:greedy")  # minutes
    assert network.bind(calibrated).run("demo:classify[0:1]")  # all is well afterwards


def test_the_lock_is_released(network):
    """Python runs on while the library works."""
    counted = 0
    worker = threading.Thread(target=network.calibrate, args=("demo:classify[0:8]", "graded"))
    worker.start()
    while worker.is_alive() and counted < 20:
        time.sleep(0.005)
        counted += 1
    worker.join()
    assert counted == 20


def child(program, **more):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, **more)


SETUP = "import dqa, numpy as np, os, signal, sys; p = dqa.fit(np.random.default_rng(1).standard_normal((500, 8)), max_error=0.1)\n"


def test_faults_of_others_are_theirs():
    """A fault in other C code ends the process as it would without us, and faulthandler still speaks."""
    done = child("import faulthandler; faulthandler.enable()\n" + SETUP + "import ctypes; ctypes.string_at(1)")
    assert done.returncode == -signal.SIGSEGV
    assert "Current thread" in done.stderr or "SIGSEGV" in done.stderr, done.stderr


def test_signals_reach_python():
    done = child(SETUP + """
hits = []
signal.signal(signal.SIGALRM, lambda *_: hits.append(1))
signal.signal(signal.SIGUSR1, lambda *_: hits.append(2))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
os.kill(os.getpid(), signal.SIGUSR1)
x = np.zeros((4000, 64)) + np.arange(64)
for _ in range(3): dqa.fit(x, max_error=0.1)
signal.setitimer(signal.ITIMER_REAL, 0)
assert 1 in hits and 2 in hits
os.kill(os.getpid(), signal.SIGTERM)
""")
    assert done.returncode == -signal.SIGTERM, done.stderr


def test_interrupt_ends_a_program():
    started = subprocess.Popen([sys.executable, "-c", SETUP + "print('on', flush=True)\n"
                                "dqa.Network('demo:classify').calibrate('demo:classify[0:128]', 'dqa:greedy')"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "on\n"
    time.sleep(1)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=30)
    assert started.returncode == -signal.SIGINT and "KeyboardInterrupt" in err


def test_fork():
    """The child of a process that used the library is told so, and does not hang; one that forks before it works."""
    done = child(SETUP + """
child = os.fork()
if child == 0:
    try:
        p.encode(np.zeros((1, 8), np.float32))
    except dqa.Error as err:
        os._exit(0 if err.name == "forked" else 1)
    os._exit(2)
assert os.waitpid(child, 0)[1] == 0
""")
    assert done.returncode == 0, done.stderr
    done = child("import dqa, os, sys\nif os.fork() == 0:\n    os._exit(0 if dqa.version() else 1)\nsys.exit(os.wait()[1])")
    assert done.returncode == 0, done.stderr


def test_prototypes_are_those_of_the_header():
    header = Path(__file__).parents[2] / "c" / "dqa.h"
    if not header.exists():
        pytest.skip("not in a checkout")
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    declared = {name: len(arguments.split(",")) for name, arguments in re.findall(r"^int (dqa_\w+)\(([^;]*)\);", text, re.M)}
    assert set(_lib._PROTOTYPES) <= set(declared)
    for name, arguments in _lib._PROTOTYPES.items():
        assert len(arguments) + 1 == declared[name], name
    assert set(declared) - set(_lib._PROTOTYPES) == {"dqa_profile_open"}

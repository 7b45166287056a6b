"""zarr-python and numcodecs with the installed entry points."""

import json

import numpy as np
import pytest

import dqa

zarr = pytest.importorskip("zarr", "3.1")
numcodecs = pytest.importorskip("numcodecs")


@pytest.mark.parametrize("name", ["x.zarr", "x.zarr.zip"])
def test_zarr_reads_what_go_wrote(features, profile, tmp_path, name):
    dqa.pack(features, profile, tmp_path / name)
    store = zarr.storage.ZipStore(tmp_path / name, mode="r") if name.endswith("zip") else tmp_path / name
    a = zarr.open_array(store, mode="r")
    assert a.shape == features.shape and a.attrs["dqa"]["axes"] == "NC"
    np.testing.assert_array_equal(a[:], dqa.unpack(tmp_path / name))
    np.testing.assert_array_equal(a[700:703, 5], dqa.unpack(tmp_path / name)[700:703, 5])


@pytest.mark.parametrize("shards", [None, 4])
def test_go_reads_what_zarr_wrote(features, profile, command, tmp_path, shards):
    import dqa.zarr

    rows = profile.shape[0]
    a = zarr.create_array(
        tmp_path / "z.zarr", shape=features.shape, chunks=(rows, 32), shards=(shards * rows, 32) if shards else None, dtype="float32",
        serializer=dqa.zarr.Codec(profile), compressors=None, fill_value=0, config={"write_empty_chunks": False})
    x = features.copy()
    x[rows:2 * rows] = 0  # a chunk that is not written
    a[:] = x
    np.testing.assert_array_equal(a[:], profile.decode(profile.encode(x)))
    with dqa.open(tmp_path / "z.zarr") as store:
        assert store.certificate is None and store.profile == profile
        np.testing.assert_array_equal(store[:], a[:])
        np.testing.assert_array_equal(store[rows + 1], np.zeros(32))
    command("unpack", tmp_path / "z.zarr", "-o", tmp_path / "y.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), a[:])


def test_zarr_refuses_other_types_and_chunks(features, profile, tmp_path):
    import dqa.zarr

    with pytest.raises(ValueError):
        zarr.create_array(tmp_path / "a", shape=(100, 32), chunks=(10, 32), dtype="float64", serializer=dqa.zarr.Codec(profile))
    a = zarr.create_array(tmp_path / "b", shape=(100, 32), chunks=(10, 32), dtype="float32", serializer=dqa.zarr.Codec(profile),
                          compressors=None)
    with pytest.raises(dqa.Error) as e:
        a[:] = features[:100]
    assert e.value.name == "features-profile"


def test_zarr_without_the_library(features, profile, tmp_path):
    """The NumPy decoder takes the library's place."""
    import os
    import subprocess
    import sys

    dqa.pack(features[:200], profile, tmp_path / "x.zarr")
    np.save(tmp_path / "y.npy", dqa.unpack(tmp_path / "x.zarr"))
    program = "import sys, numpy as np, zarr; a = zarr.open_array('x.zarr', mode='r'); np.testing.assert_array_equal(a[:], np.load('y.npy'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "DQA_LIBRARY": "/nowhere"}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


def test_damaged_chunk_in_zarr(features, profile, tmp_path):
    dqa.pack(features, profile, tmp_path / "x.zarr")
    shard = next(f for f in (tmp_path / "x.zarr" / "c").rglob("*") if f.is_file())
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with pytest.raises(dqa.Error):
        zarr.open_array(tmp_path / "x.zarr", mode="r")[:]
    config = json.loads((tmp_path / "x.zarr" / "zarr.json").read_text())
    config["codecs"][0]["configuration"]["codecs"][0]["configuration"]["profile"] = "###"
    (tmp_path / "x.zarr" / "zarr.json").write_text(json.dumps(config))
    with pytest.raises(dqa.Error):
        zarr.open_array(tmp_path / "x.zarr", mode="r")


def test_numcodecs(features, profile):
    from dqa import _codec

    codec = numcodecs.get_codec({"id": "dqa", **_codec.configuration(bytes(profile))})  # by the entry point
    assert numcodecs.get_codec(codec.get_config()) == codec
    x = np.ascontiguousarray(features[:profile.shape[0]])
    frame = codec.encode(x)
    assert frame == profile.encode(x) == codec.encode(x.tobytes())
    np.testing.assert_array_equal(codec.decode(frame).reshape(x.shape), profile.decode(frame))
    out = np.empty_like(x)
    codec.decode(frame, out)
    np.testing.assert_array_equal(out, profile.decode(frame))
    with pytest.raises(dqa.Error):
        codec.decode(frame[:-3])

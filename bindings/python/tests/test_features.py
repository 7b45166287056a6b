"""Profiles, frames and stores of features, and that they are Go's."""

import concurrent.futures
import pickle
from pathlib import Path

import numpy as np
import pytest

import dqa
import dqa.reference


def relative_error(x, y):
    return float(((x.astype(np.float64) - y) ** 2).sum() / (x.astype(np.float64) ** 2).sum())


def test_round_trip(features, profile):
    x = features[:profile.shape[0]]
    y = profile.decode(profile.encode(x))
    assert y.shape == x.shape and y.dtype == np.float32
    assert relative_error(x, y) < 0.012
    assert len(profile.encode(x)) * 8 / x.size < 6
    assert profile.report["relative_squared_error"] < 0.0105  # of rows that taught nothing


@pytest.mark.parametrize("rows", [0, 1, 31, 62, 124, 1001])
def test_any_number_of_rows(features, profile, rows):
    y = profile.decode(profile.encode(features[:rows]))
    assert y.shape == (rows, 32)
    whole = profile.decode(profile.encode(features))
    np.testing.assert_array_equal(y, whole[:rows])


def test_one_row_without_its_axis(features, profile):
    np.testing.assert_array_equal(profile.decode(profile.encode(features[3])), profile.decode(profile.encode(features[:5]))[3])


def test_axes(features):
    x = features[:960].reshape(240, 4, 32)
    p = dqa.fit(x, axes="NTC", max_error=0.02)
    assert p.shape == (60, 32)  # 15 rows of 4 positions share a chunk
    assert p.decode(p.encode(x)).shape == x.shape
    assert p.decode(p.encode(x[5])).shape == (4, 32)
    planes = features[:980].reshape(160, 4, 7, 7)
    q = dqa.fit(planes, max_error=0.02)
    assert q.shape == (4, 7, 7)
    y = q.decode(q.encode(planes[0]))
    np.testing.assert_array_equal(y, q.decode(q.encode(planes[:2]))[0])


def test_bytes_and_pickle(features, profile, tmp_path):
    for again in [dqa.Profile.from_bytes(bytes(profile)), pickle.loads(pickle.dumps(profile))]:
        assert again == profile and hash(again) == hash(profile)
        assert again.encode(features[:9]) == profile.encode(features[:9])
    profile.save(tmp_path / "p.dqap")
    assert dqa.Profile.open(tmp_path / "p.dqap") == profile
    assert profile.info["edges"][0]["channels"] == 32
    error = pickle.loads(pickle.dumps(dqa.Error("text", "name", "hint", 5)))
    assert (error.name, error.hint, error.code) == ("name", "hint", 5)


def test_go_fits_packs_and_reads_the_same(features, command, tmp_path):
    np.save(tmp_path / "x.npy", features)
    command("fit", tmp_path / "x.npy", "--max-error", 0.01, "-o", tmp_path / "go.dqap")
    p = dqa.fit(features, max_error=0.01, name="x.npy")
    assert bytes(p) == (tmp_path / "go.dqap").read_bytes()
    assert bytes(dqa.fit(tmp_path / "x.npy", max_error=0.01)) == bytes(p)
    command("pack", tmp_path / "x.npy", "--profile", tmp_path / "go.dqap", "-o", tmp_path / "go.zarr")
    dqa.pack(features, p, tmp_path / "py.zarr", source="x.npy")
    for file in (f for f in (tmp_path / "go.zarr").rglob("*") if f.is_file()):
        assert file.read_bytes() == (tmp_path / "py.zarr" / file.relative_to(tmp_path / "go.zarr")).read_bytes()
    command("unpack", tmp_path / "py.zarr", "-o", tmp_path / "y.npy")
    y = np.load(tmp_path / "y.npy")
    np.testing.assert_array_equal(y, dqa.unpack(tmp_path / "go.zarr"))
    np.testing.assert_array_equal(y, p.decode(p.encode(features)))


def test_transform(tmp_path):
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((800, 3)) @ rng.standard_normal((3, 24)) + 0.01 * rng.standard_normal((800, 24))).astype(np.float32)
    plain, p = (dqa.fit(x, max_error=0.001, transform=t) for t in (None, "pca"))
    assert p.report["transform"]["kept"] == "pca" and p.info["edges"][0]["transform"]
    assert p.report["stored_bits"] < 0.7 * plain.report["stored_bits"]
    assert bytes(dqa.fit(x, max_error=0.001, transform="auto")) == bytes(p)
    b = p.encode(x)
    y = p.decode(b)
    assert ((x - y) ** 2).sum() < 0.0012 * (x ** 2).sum()
    np.testing.assert_array_equal(dqa.reference.Profile(bytes(p)).decode(b), y)  # all bits
    assert dqa.pack(x, p, tmp_path / "x.zarr")["relative_squared_error"] < 0.0012
    np.testing.assert_array_equal(dqa.unpack(tmp_path / "x.zarr"), y)
    with pytest.raises(dqa.Error) as e:
        dqa.fit(x, max_error=0.001, transform="dct")
    assert e.value.name == "features-objective"


def test_store(features, profile, tmp_path):
    told = []
    certificate = dqa.pack(features, profile, tmp_path / "x.zarr.zip", progress=lambda *a: told.append(a))
    assert certificate["relative_squared_error"] < 0.012 and certificate["source"] == "array"
    assert told and told[-1][1] == "rows"
    with dqa.open(tmp_path / "x.zarr.zip", profile) as store:
        y = store[:]
        assert store.shape == y.shape == features.shape and len(store) == 1001
        assert store.certificate == certificate and store.profile == profile
        np.testing.assert_array_equal(store[700], y[700])
        np.testing.assert_array_equal(store[-1], y[-1])
        np.testing.assert_array_equal(store[10:20, 3], y[10:20, 3])
        np.testing.assert_array_equal(store[20:10:-3], y[20:10:-3])
        np.testing.assert_array_equal(np.asarray(store), y)
        assert store[5:5].shape == (0, 32)
        with pytest.raises(IndexError):
            store[1001]
        assert store.verify(features)["same_array"]
    assert dqa.verify(tmp_path / "x.zarr.zip")["rows"] == 1001
    dqa.unpack(tmp_path / "x.zarr.zip", tmp_path / "rows.npy", rows=slice(5, 9))
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), y[5:9])
    changed = features.copy()
    changed[0, 0] += 1
    with pytest.raises(dqa.Error) as e:
        dqa.verify(tmp_path / "x.zarr.zip", changed)
    assert e.value.name == "features-certificate"
    with pytest.raises(dqa.Error) as e:
        dqa.open(tmp_path / "x.zarr.zip", dqa.fit(features, max_error=0.1))
    assert e.value.name == "features-profile"


def test_types_and_layouts(features, tmp_path):
    half = features.astype(np.float16)
    want = bytes(dqa.fit(half.astype(np.float32), max_error=0.01))
    assert bytes(dqa.fit(half, max_error=0.01)) == want
    assert bytes(dqa.fit(np.asfortranarray(half.astype(np.float64)), max_error=0.01)) == want
    np.save(tmp_path / "h.npy", half)
    assert bytes(dqa.fit([tmp_path / "h.npy"], max_error=0.01, name="array")) == want


def test_objectives(features):
    assert dqa.fit(features, bits=4).report["stored_bits"] < 4.1
    assert dqa.fit(features, min_cosine=0.99).report["cosine"] > 0.989
    assert dqa.fit(features, min_neighbours=0.8).report["neighbours"] > 0.79
    for wrong in [{}, {"bits": 2, "max_error": 0.1}, {"max_error": -1}]:
        with pytest.raises(dqa.Error) as e:
            dqa.fit(features, **wrong)
        assert e.value.name == "features-objective" and e.value.hint


def test_not_finite(features, profile):
    x = features[:profile.shape[0]].copy()
    x[0, 0] = np.nan
    with pytest.raises(dqa.Error) as e:
        profile.encode(x)
    assert e.value.name == "non-finite"
    assert profile.decode(profile.encode(x, allow_nonfinite=True))[0, 0] == 0
    with pytest.raises(dqa.Error) as e:
        dqa.fit(np.full((100, 4), np.inf), max_error=0.1)
    assert e.value.name == "features-values"


def test_threads(features, profile):
    frames = [features[i:i + profile.shape[0]] for i in range(64)]
    want = [profile.encode(f) for f in frames]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(profile.encode, frames)) == want
        for y, b in zip(pool.map(profile.decode, want), want):
            np.testing.assert_array_equal(y, profile.decode(b))
        profiles = list(pool.map(lambda _: bytes(dqa.fit(features, max_error=0.1)), range(4)))
    assert len(set(profiles)) == 1


@pytest.mark.parametrize("coder", ["fast", "small", "smallest", "smallest2"])
def test_reference(features, coder):
    p = dqa.fit(features[:300], max_error=0.01, coder=coder)
    slow = dqa.reference.Profile(bytes(p))
    x = features[:p.shape[0] + 3]
    np.testing.assert_array_equal(slow.decode(p.encode(x)), p.decode(p.encode(x)))
    frame = p.encode(x[:p.shape[0]])
    np.testing.assert_array_equal(slow.decode(frame), p.decode(frame))
    with pytest.raises(dqa.Error) as e:
        slow.decode(frame[:-1] + b"\0\0")
    assert e.value.name.startswith("format-")
    with pytest.raises(dqa.Error):
        dqa.reference.Profile(bytes(p)[:-1])


def test_examples_of_the_readme():
    """README's `python -c` example runs as it stands."""
    import re
    import shlex
    import subprocess
    import sys
    import tempfile

    readme = Path(__file__).parents[3] / "README.md"
    if not readme.exists():
        pytest.skip("not in a checkout")
    found = re.findall(r"^python -c '([^']*)'$", readme.read_text(), re.M | re.S)
    assert found
    for program in found:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, (shlex.quote(program), done.stderr)
            assert done.stdout.strip()

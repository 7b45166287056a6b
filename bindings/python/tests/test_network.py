"""Networks from Python, and that they are Go's."""

import numpy as np
import pytest

import dqa


def test_calibration_is_gos(network, calibrated, command, tmp_path):
    command("calibrate", "demo:classify", "--data", "demo:classify[0:8]", "--budget", 2, "-o", tmp_path / "p.dqap", "--seed", 0)
    assert bytes(calibrated) == (tmp_path / "p.dqap").read_bytes()
    command("encode", "demo:classify", "--profile", tmp_path / "p.dqap", "--data", "demo:classify[8:11]", "-o", tmp_path / "frames")
    frames = network.bind(calibrated).encode("demo:classify[8:11]")
    assert frames == [f.read_bytes() for f in sorted((tmp_path / "frames").glob("*.dqaf"))]
    assert list(calibrated.shapes) == list(network.edges)
    decoded = calibrated.decode(frames[0])
    assert calibrated.encode(decoded) and set(decoded) == set(network.edges)
    with pytest.raises(dqa.Error) as e:
        calibrated.encode(list(decoded.values())[1:])
    assert e.value.name == "setting"


def test_runs(network, calibrated):
    plain = network.run("demo:classify[0:3]")
    (name, y), = plain.items()
    assert y.shape[0] == 3 and network.outputs[name][1:] == y.shape[1:]
    bound = dqa.Network("demo:classify", calibrated)
    simulated, packed = bound.run("demo:classify[0:3]"), bound.run("demo:classify[0:3]", packed=True)
    np.testing.assert_array_equal(simulated[name], packed[name])
    assert not np.array_equal(simulated[name], y)
    assert np.abs(simulated[name] - y).max() < np.abs(y).max()


def test_evaluate(network, calibrated):
    result = network.bind(calibrated).evaluate("demo:classify[8:24]")
    rows = {r["method"]: r for r in result["rows"]}
    assert 0 < rows["graded"]["stored_bits"] < 4
    assert "warnings" not in network.bind(calibrated).evaluate("demo:classify[8:12]")
    assert network.bind(calibrated).evaluate("demo:classify[0:8]")["warnings"]
    with pytest.raises(dqa.Error) as e:
        network.evaluate("demo:classify[8:12]")
    assert e.value.name == "setting"


def test_parts_arrays_and_heads(network, calibrated, tmp_path):
    edge = list(network.edges)[-1]
    files = network.split(edge, tmp_path)
    (inside,) = [c["name"] for c in files["cut"]]
    head = dqa.Network(tmp_path / "head.onnx")
    tail = dqa.Network((tmp_path / "tail.onnx").read_bytes(), part=True)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((64, *head.inputs[next(iter(head.inputs))][1:])).astype(np.float32)
    z = head.run(x)[inside]  # inputs as they are
    y = tail.run({inside: z})
    np.testing.assert_array_equal(y[next(iter(y))], tail.run(z)[next(iter(y))])

    whole = network.split(list(network.edges)[-1], tmp_path / "again")
    assert whole["bytes"] == files["bytes"]
    # the tail judges features: the loss of storing them
    flat = z.reshape(64, -1)
    classes = y[next(iter(y))].reshape(64, -1).argmax(1)
    p = dqa.fit(np.tile(flat, (4, 1)), max_loss=2, head=tmp_path / "tail.onnx", labels=np.tile(classes, 4))
    assert p.report["score"]["before"] > 99 and p.report["score"]["loss"] <= 2
    with pytest.raises(dqa.Error) as e:
        tail.run({"other": z})
    assert e.value.name == "data-shape"
    q = network.bind(calibrated).split(edge, tmp_path / "bound")
    assert set(q["profiles"]) == {"head", "tail", "cut"}


def test_arrays_are_files(network, tmp_path):
    rng = np.random.default_rng(3)
    shape = network.inputs[next(iter(network.inputs))][1:]
    x = rng.integers(0, 256, (6, *shape), np.uint8)
    labels = np.arange(6) % 3
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", labels)
    in_memory, in_files = network.run(x), network.run(f"npy:{tmp_path}/x.npy")
    np.testing.assert_array_equal(*(next(iter(r.values())) for r in (in_memory, in_files)))
    a, b = network.calibrate(x, "direct"), network.calibrate(f"npy:{tmp_path}/x.npy", "direct")
    assert a.info["data_sha256"] == b.info["data_sha256"] and a.info["edges"] == b.info["edges"]
    q = network.bind(a)
    rows = [q.evaluate(x, labels)["rows"], q.evaluate(f"npy:{tmp_path}/x.npy,{tmp_path}/y.npy")["rows"]]
    assert rows[0] == rows[1]


def test_options(network):
    other = dqa.Network("demo:classify", preprocess={"divisor": 127.5, "mean": [1]}, edges="activations", skip=[0])
    assert len(other.edges) < len(dqa.Network("demo:classify", edges="activations").edges)
    for wrong, name in [({"edges": "no"}, "edge-set"), ({"engine": "no"}, "engine"), ({"skip": ["no"]}, "edge"),
                        ({"preprocess": {"no": 1}}, "preprocess")]:
        with pytest.raises(dqa.Error) as e:
            dqa.Network("demo:classify", **wrong)
        assert e.value.name == name and e.value.hint
    with pytest.raises(dqa.Error) as e:
        dqa.Network("missing.onnx")
    assert e.value.name == "model-missing"
    with pytest.raises(dqa.Error) as e:
        network.calibrate("demo:classify[0:2]", "nonsense")
    assert e.value.name == "setting"

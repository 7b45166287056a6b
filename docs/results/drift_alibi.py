#!/usr/bin/env python3
"""Delays and false alarms of alibi-detect 0.13's online detectors on the features that driftlab dumps.

    pip install alibi-detect==0.13.0 tensorflow-cpu "tensorflow_probability<0.26" tf-keras
    driftlab ... -what dump -dump DIR && docs/results/drift_alibi.py DIR EDGES [ERT] [STEPS] [DETECTOR]

Features of an image: coded bits of EDGES edges, or the mean codes of the first edge's groups of channels; both standardized by the
reference. Streams are drawn from clean images (STEPS of them measure runs between false alarms), then from corrupted ones.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np  # noqa: E402

KINDS = ("gaussian-noise shot-noise impulse-noise defocus-blur glass-blur motion-blur zoom-blur snow frost fog brightness contrast "
         "elastic pixelate jpeg").split()
WINDOW, UNSEEN, STREAMS = 16, 384, 1


def detectors(reference, ert):
    from alibi_detect.cd import CVMDriftOnline, LSDDDriftOnline, MMDDriftOnline
    common = dict(ert=ert, n_bootstraps=int(1.5 * ert), verbose=False)
    yield "MMD", lambda: MMDDriftOnline(reference, backend="tensorflow", window_size=WINDOW, **common)
    yield "LSDD", lambda: LSDDDriftOnline(reference, backend="tensorflow", window_size=WINDOW, **common)
    yield "CVM", lambda: CVMDriftOnline(reference, window_sizes=[WINDOW], n_features=reference.shape[1], ert=ert,
                                        n_bootstraps=int(1.5 * ert * reference.shape[1]), verbose=False)


def restart(detector):
    getattr(detector, "reset_state", getattr(detector, "reset", None))()


def alarm(detector, x):
    return bool(np.any(detector.predict(x)["data"]["is_drift"]))


def main():
    folder, edges = sys.argv[1], int(sys.argv[2])
    ert = float(sys.argv[3]) if len(sys.argv) > 3 else 1000
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else 5000
    data = {name: np.load(f"{folder}/{name}.npy") for name in
            ["reference", "clean"] + [f"{k}-{s}" for k in KINDS for s in (1, 3)]}
    print("| detector | features | ERT asked for | measured (alarms) | median delay, severity 1 | severity 3 | not within "
          f"{UNSEEN}, of 15, severity 1, 3 | ms an image | seconds to begin |\n|---|---|---:|---:|---:|---:|---|---:|---:|")
    for what, part in (("coded bits of all edges", slice(0, edges)), ("mean codes of one edge", slice(edges, None))):
        ref = data["reference"][:, part]
        mean, std = ref.mean(0), ref.std(0) + 1e-6
        z = {name: ((v[:, part] - mean) / std).astype(np.float32) for name, v in data.items()}
        for name, make in detectors(z["reference"], ert):
            if len(sys.argv) > 5 and name != sys.argv[5]:
                continue
            rng, start = np.random.default_rng(1), time.time()
            np.random.seed(1)
            try:
                detector = make()
            except Exception as error:  # what it cannot do is a result, too
                print(f"| {name} | {what} | {ert:.0f} | {type(error).__name__}: {str(error)[:80]} |||||||", flush=True)
                continue
            begin, start, alarms = time.time() - start, time.time(), 0
            for _ in range(steps):
                if alarm(detector, z["clean"][rng.integers(len(z["clean"]))]):
                    alarms += 1
                    restart(detector)
            cost = 1000 * (time.time() - start) / steps
            medians, unseen = [], []
            for severity in (1, 3):
                delays = []
                for kind in KINDS:
                    images, found = z[f"{kind}-{severity}"], []
                    for _ in range(STREAMS):
                        restart(detector)
                        for _ in range(WINDOW):
                            detector.predict(z["clean"][rng.integers(len(z["clean"]))])
                        found.append(next((i + 1 for i in range(UNSEEN) if alarm(detector, images[rng.integers(len(images))])), np.inf))
                    delays.append(np.median(found))
                medians.append(np.median(delays))
                unseen.append(int(np.isinf(delays).sum()))
            print(f"| {name} | {what} | {ert:.0f} | {steps / max(1, alarms):.0f} ({alarms}) | {medians[0]:.0f} | {medians[1]:.0f} | "
                  f"{unseen[0]}, {unseen[1]} | {cost:.2f} | {begin:.0f} |", flush=True)


if __name__ == "__main__":
    main()

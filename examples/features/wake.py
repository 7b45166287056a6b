#!/usr/bin/env python3
"""A wake word from a cache of few bits: embeddings of speech are stored once, a detector is trained from what is stored.

Usage: wake.py DQA-BINARY OUT.md     (requirements.txt; espeak-ng; pip install --no-deps openwakeword==0.5.1, whose wheel holds its models)

openWakeWord turns 1.28 s of sound into 16 embeddings of 96 values (Google's speech embedding), keeps gigabytes of them, and trains small
detectors from that. Here espeak-ng says "computer" and words that sound like it, by many voices, in noise. The detector is logistic regression
on the 16 embeddings, trained from the cache; it is judged on voices that it has not heard, whose embeddings are not stored.
"""
import importlib.util
import io
import pathlib
import subprocess
import sys
import wave

import numpy as np
import onnxruntime as ort
from scipy.signal import resample_poly
from sklearn.linear_model import LogisticRegression

import peers
import table

RATE, SECONDS, FRAMES = 16000, 2.0, 16
WORDS = ["computer"]
OTHERS = ("commuter compute computing computed competitor company compete contour pewter tutor confuser recorder comforter commander "
          "commutator compactor conductor come back later window kitchen seven morning weather coffee number question").split()
ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan"]
# voices by part: nobody is heard in two of them
VOICES = {
    "train": "m1 m2 m3 f1 f2 klatt klatt2 adam alex Andrea Andy belinda benjamin boris".split(),
    "validation": "m4 m5 f3 klatt3 david edward Gene john linda".split(),
    "test": "m6 m7 f4 klatt4 Michael paul robert steph victor".split(),
}
CLIPS = {"train": (400, 1600), "validation": (400, 1200), "test": (400, 1200)}  # of the word, of others


def say(word, voice, speed, pitch):
    out = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word], check=True, capture_output=True).stdout
    w = wave.open(io.BytesIO(out))
    x = np.frombuffer(out[44:], np.int16).astype(np.float32)  # the header does not know the length
    return resample_poly(x, RATE, w.getframerate())


def clip(rng, word, voices):
    """A word somewhere in two seconds of noise: pink, 6 to 20 dB below the word."""
    x = say(word, f"{rng.choice(ACCENTS)}+{rng.choice(voices)}", rng.integers(130, 210), rng.integers(20, 80))
    n = int(RATE * SECONDS)
    spectrum = np.fft.rfft(rng.standard_normal(n)) / np.sqrt(np.arange(n // 2 + 1) + 1)
    noise = np.fft.irfft(spectrum, n)
    x = x[:n] / max(np.abs(x).max(), 1)
    power = np.mean(x[np.abs(x) > 0.02] ** 2)
    noise *= np.sqrt(power / np.mean(noise ** 2)) * 10 ** (-rng.uniform(6, 20) / 20)
    at = rng.integers(0, n - len(x) + 1)
    noise[at : at + len(x)] += x
    return np.int16(np.clip(noise / np.abs(noise).max() * rng.uniform(2000, 25000), -32768, 32767))


def embeddings(clips):
    models = pathlib.Path(importlib.util.find_spec("openwakeword").origin).parent / "resources/models"
    opt = ort.SessionOptions()
    opt.intra_op_num_threads, opt.log_severity_level = 1, 3
    mel, embed = (ort.InferenceSession(str(models / f"{m}.onnx"), opt, providers=["CPUExecutionProvider"])
                  for m in ("melspectrogram", "embedding_model"))
    out = []
    for c in clips:
        spectrum = mel.run(None, {mel.get_inputs()[0].name: c[None].astype(np.float32)})[0].squeeze() / 10 + 2
        frames = np.stack([spectrum[i : i + 76] for i in range(0, len(spectrum) - 75, 8)])[:FRAMES]
        out.append(embed.run(None, {embed.get_inputs()[0].name: frames[..., None].astype(np.float32)})[0].reshape(len(frames), 96))
    return np.stack(out)


def part(name, seed):
    rng = np.random.default_rng(seed)
    words, others = CLIPS[name]
    said = [rng.choice(WORDS) for _ in range(words)] + [rng.choice(OTHERS) for _ in range(others)]
    x = embeddings([clip(rng, w, VOICES[name]) for w in said])
    order = rng.permutation(len(x))
    return x[order], (np.arange(len(x)) < words)[order]


def main(binary, out):
    data = {name: part(name, seed) for seed, name in enumerate(VOICES)}
    x, y = data["train"]
    heard = np.concatenate([data[n][0] for n in ("validation", "test")])
    truth = np.concatenate([data[n][1] for n in ("validation", "test")])
    half = len(data["validation"][1])
    parts = {"validation": np.arange(half), "test": np.arange(half, len(truth))}
    flat = lambda v: v.reshape(len(v), -1)
    mean, std = flat(x).mean(0), flat(x).std(0) + 1e-6  # for the solver's sake; the same for all

    def detector(cache):
        fit = LogisticRegression(C=0.01, max_iter=300).fit((flat(cache) - mean) / std, y)
        return fit.decision_function((flat(heard) - mean) / std)

    maps = np.ascontiguousarray(np.moveaxis(x, 2, 1)[..., None])  # clips, channels, time, 1
    back = lambda m: np.moveaxis(m[..., 0], 1, 2)
    scores = {
        "false rejects": lambda s, i: 100 * np.mean(s[i][truth[i]] <= 0),
        "false accepts": lambda s, i: 100 * np.mean(s[i][~truth[i]] > 0),
        "AUROC": lambda s, i: table.auroc(s[i], truth[i]),
    }
    exact = detector(x)
    rows = table.compare(((k, s, n, detector(back(c))) for k, s, n, c in peers.all_of(maps, binary)), exact, scores, parts)
    version = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True).stdout.split("Data")[0].split(":")[-1].strip()
    intro = (f"Made by [examples/features/wake.py](../../examples/features/wake.py) (`make results`), versions in requirements.txt there, espeak-ng "
             f"{version}. openWakeWord's embeddings ({FRAMES} of {x.shape[2]} values a clip) of {len(x)} clips, {x.nbytes:,} bytes of float32, are "
             f"the cache that a detector of the word \"computer\" (logistic regression) is trained from. It is judged on clips of other voices, "
             f"{half} for validation and {len(truth) - half} as the test, a quarter of which are the word; the others are words like it.")
    floats = {(p, n): s(exact, i) for n, s in scores.items() for p, i in parts.items()}
    table.write(out, "A wake word from a cache of few bits", intro, rows, list(scores), maps.size, floats)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

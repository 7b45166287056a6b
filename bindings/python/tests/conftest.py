import os
import subprocess

import numpy as np
import pytest

import dqa


@pytest.fixture(scope="session")
def features() -> np.ndarray:
    """Features as networks have them: correlated rows, channels of different spread."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((10, 32))
    x = centres[rng.integers(0, 10, 1001)] + 0.5 * rng.standard_normal((1001, 32))
    return (x * np.linspace(0.2, 3, 32)).astype(np.float32)


@pytest.fixture(scope="session")
def profile(features: np.ndarray) -> dqa.Profile:
    return dqa.fit(features, max_error=0.01)


@pytest.fixture(scope="session")
def command():
    """Runs the command line, which DQA names: what Go does."""
    path = os.environ.get("DQA")
    if not path:
        pytest.skip("DQA names no command line to compare with")

    def run(*arguments: object) -> str:
        done = subprocess.run([path, *map(str, arguments), "--quiet"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def network() -> dqa.Network:
    return dqa.Network("demo:classify")


@pytest.fixture(scope="session")
def calibrated(network: dqa.Network) -> dqa.Profile:
    return network.calibrate("demo:classify[0:8]", "graded:budget=2")

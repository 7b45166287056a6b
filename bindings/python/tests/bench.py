"""What a call costs besides its work: encode and decode of 100 values, microseconds of the calling thread; the best of five rounds."""

import time
import timeit

import numpy as np

import dqa

x = np.random.default_rng(1).standard_normal((400, 4)).astype(np.float32)
p = dqa.fit(x, bits=6)
x = np.ascontiguousarray(x[:p.shape[0]])
b = p.encode(x)
for name, call in {"encode": lambda: p.encode(x), "decode": lambda: p.decode(b)}.items():
    print(f"{name} {x.size} values: {min(timeit.repeat(call, timer=time.thread_time, number=5000, repeat=5)) / 5000 * 1e6:.1f} us")

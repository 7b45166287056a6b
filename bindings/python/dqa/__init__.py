"""Features and activations of neural networks, kept in few bits per value, with proof of what that costs.

    p = dqa.fit(X, max_error=0.01)     # a profile, from an array alone
    b = p.encode(x); y = p.decode(b)   # rows to bytes and back
    dqa.pack(X, p, "x.zarr")           # a Zarr array with a certificate
    dqa.open("x.zarr")[1000:1010]      # some rows, read alone

    net = dqa.Network("m.onnx")        # a network whose activations are stored
    q = net.bind(net.calibrate(images))
    q.evaluate(others, labels)

Everything that fails raises Error, which has a stable name and a hint. NumPy arrays go in and come out. Long calls can be
interrupted by Ctrl-C, and other threads run meanwhile.
"""

from ._lib import Error, set_max_memory, version
from ._network import Network
from ._profile import Profile, fit
from ._store import Store, open, pack, unpack, verify

__all__ = ["Error", "Network", "Profile", "Store", "fit", "open", "pack", "set_max_memory", "unpack", "verify", "version"]

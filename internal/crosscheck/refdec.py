#!/usr/bin/env python3
"""A slow reader of DQA frames and profiles, version 1, written from spec/ alone.

    refdec.py vectors spec/vectors/vectors.json     every vector; exit status 1 if one fails
    refdec.py decode PROFILE FRAME [--base-only]    what a frame holds
    refdec.py selftest                              the worked examples of the specification

Needs Python 3.9 and numpy. It shares nothing with the Go code; every loop is as plain as the page that it follows.
"""

import base64
import hashlib
import json
import struct
import sys
from dataclasses import dataclass, field

import numpy as np

F32 = np.float32
MAX_EDGES, MAX_STRING, MAX_LIST, MAX_CHANNELS, MAX_VALUES = 1 << 16, 4096, 1024, 1 << 20, 1 << 28
MAX_MODELS, MAX_TILES, MAX_LIVE = 256, 1 << 20, 256
RAW, PAPER, FAST, SMALL, SMALLEST = range(5)
UNIFORM, CLIPPED, NOISY = range(3)


class Refused(Exception):
    """What the bytes say is not allowed; cause is header, limit, checksum, profile or payload."""

    def __init__(self, cause, detail):
        super().__init__(f"{cause}: {detail}")
        self.cause = cause


def need(ok, cause, detail):
    if not ok:
        raise Refused(cause, detail)


def _crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ b) & 255]
    return crc ^ 0xFFFFFFFF


class Reader:
    """Reads fields from the front; errors are of one cause."""

    def __init__(self, data, cause="header"):
        self.data, self.pos, self.cause = data, 0, cause

    def left(self):
        return len(self.data) - self.pos

    def bytes(self, n):
        need(n <= self.left(), self.cause, f"{n} bytes wanted at {self.pos}, {self.left()} left")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def number(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize("<" + form)))[0]

    def u8(self):
        return self.number("B")

    def uvarint(self, limit=None, what="number"):
        value = 0
        for i in range(10):
            b = self.u8()
            need(not (i == 9 and b > 1), self.cause, "a uvarint beyond 64 bits")
            value |= (b & 127) << 7 * i
            if b < 128:
                need(b > 0 or i == 0, self.cause, "a uvarint longer than necessary")
                if limit is not None:
                    need(value <= limit, "limit", f"{what} {value}, {limit} allowed")
                return value
        raise Refused(self.cause, "a uvarint beyond 64 bits")

    def string(self):
        return self.bytes(self.uvarint(MAX_STRING, "length of a string"))

    def bools(self, n):
        data = self.bytes((n + 7) // 8)
        bits = [data[i // 8] >> i % 8 & 1 == 1 for i in range(8 * len(data))]
        need(not any(bits[n:]), self.cause, "unused bits are set")
        return bits[:n]

    def f32(self):
        return F32(self.number("f"))

    def crc(self, start):
        computed = crc32c(self.data[start:self.pos])
        need(self.number("I") == computed, "checksum", f"of the bytes from {start} on")

    def end(self):
        need(self.left() == 0, self.cause, f"{self.left()} bytes after the end")


def is_normal(v):
    return np.isfinite(v) and v >= F32(2.0**-126)


def is_step(v):
    """0 or a positive normal number; not -0."""
    return is_normal(v) or v == 0 and not np.signbit(v)


@dataclass
class Edge:
    name: str = ""
    channels: int = 0
    rows: int = 0
    cols: int = 0
    tile_channels: int = 0
    tile_rows: int = 0
    channels_last: bool = False
    one_sided: bool = False
    unsigned: bool = False
    escape: bool = False
    n: int = 0
    m: int = 0
    scale_mode: int = 0
    level_map: int = 0
    coder: int = 0
    apart: int = 0
    important: list = None  # by channel; None: no channel is
    steps: list = field(default_factory=list)
    noise: tuple = None
    table: list = None
    prefix: dict = None
    models: list = field(default_factory=list)

    def static(self):
        return self.scale_mode >= 2

    def per_channel(self):
        return self.scale_mode in (0, 2)

    def is_important(self, c):
        return self.important is not None and self.important[c]

    def slots(self):
        return self.channels if self.per_channel() else 2

    def slot(self, c):
        return c if self.per_channel() else int(self.is_important(c))

    def bits(self, c):
        return self.n + (self.m if self.is_important(c) else 0)

    def tiles(self):
        """Channel and row bounds, all blocks of a band before the next band."""
        return [(c, min(c + self.tile_channels, self.channels), r, min(r + self.tile_rows, self.rows))
                for r in range(0, self.rows, self.tile_rows) for c in range(0, self.channels, self.tile_channels)]

    def code_range(self, c):
        """Codes that channel c may have, of the base part."""
        if self.escape:
            return (0 if self.unsigned else -32768) >> self.apart, 32767 >> self.apart
        b = self.bits(c) - self.apart
        return (0, (1 << b) - 1) if self.unsigned else (-(1 << b - 1), (1 << b - 1) - 1)

    def lowest(self, c):
        """The code of symbol 0."""
        return 0 if self.unsigned else -(1 << self.bits(c) - self.apart - 1)


@dataclass
class Model:
    freq: list  # by symbol, the escape last
    slots: list = None  # by slot: symbol, start

    def build(self):
        live = [s for s, f in enumerate(self.freq) if f]
        top = max(live, key=lambda s: (self.freq[s], -s))
        rest = [s for s in live if s != top]
        order = [s for s in rest if self.freq[s] % 4]
        order += [s for s in rest if self.freq[s] % 4 == 0 and self.freq[s] % 32]
        order += [top] + [s for s in rest if self.freq[s] % 32 == 0]
        self.slots = []
        for s in order:
            self.slots += [(s, len(self.slots))] * self.freq[s]


@dataclass
class Profile:
    digest: bytes
    edges: list
    models: list


def parse_profile(data):
    r = Reader(data)
    need(r.bytes(4) == b"DQAP", "header", "magic")
    need(r.u8() == 1, "header", "version")
    need(r.left() >= 4, "header", "no room for a checksum")
    need(crc32c(data[:-4]) == struct.unpack("<I", data[-4:])[0], "checksum", "of the profile")
    sections = []
    for tag in range(1, 8):
        need(r.u8() == tag, "header", f"section {tag} expected")
        sections.append(Reader(r.bytes(r.uvarint())))
    need(r.left() == 4, "header", "bytes after the last section")
    p = Profile(hashlib.sha256(data).digest(), [], [])
    read_origin(sections[0])
    read_preprocess(sections[1])
    read_method(sections[2])
    p.edges = [read_edge(sections[3]) for _ in range(sections[3].uvarint(MAX_EDGES, "edges"))]
    p.models = [read_model(sections[4]) for _ in range(sections[4].uvarint(MAX_MODELS, "models"))]
    for e in p.edges:
        check_models(e, p.models)
    read_bias(sections[5])
    read_evidence(sections[6], len(p.edges))
    for s in sections:
        s.end()
    return p


def read_origin(r):
    r.string(), r.string(), r.number("Q"), r.string(), r.bytes(32), r.string(), r.bytes(32)
    r.uvarint(2**31 - 1, "images")
    r.string()
    for _ in range(r.uvarint(MAX_EDGES, "skipped edges")):
        r.string()


def read_preprocess(r):
    for _ in range(4):
        need(r.uvarint() <= 1 << 28, "header", "size")
    divisor = r.f32()
    need(np.isfinite(divisor) and divisor >= 0, "header", "divisor")
    for name in ("mean", "std"):
        for _ in range(r.uvarint(MAX_LIST, name)):
            v = r.f32()
            need(np.isfinite(v) and (name == "mean" or v != 0), "header", name)
    r.string(), r.string()
    for name in ("shape", "ignored labels"):
        for _ in range(r.uvarint(MAX_LIST, name)):
            need(r.uvarint() <= 1 << 28, "header", name)
    need(r.number("b") in (-1, 0, 1), "header", "label shift")


def read_method(r):
    r.string()
    n, m, ratio = r.u8(), r.u8(), r.number("d")
    need(2 <= n <= 8 and m <= 4 and 0 <= ratio <= 1, "header", "n, m or r")
    r.string()
    r.bools(4)
    scale, coder, apart, dial, goal = r.u8(), r.u8(), r.u8(), r.u8(), r.number("d")
    need(scale <= 3 and coder <= 4 and apart <= 4 and dial <= 4, "header", "method")
    need(0 <= goal < float("inf"), "header", "goal")


def read_edge(r):
    e = Edge(name=r.string().decode("utf-8", "replace"))
    e.channels, e.rows, e.cols, e.tile_channels, e.tile_rows = (r.uvarint() for _ in range(5))
    need(min(e.channels, e.rows, e.cols, e.tile_channels, e.tile_rows) >= 1, "header", "a size of 0")
    need(e.channels <= MAX_CHANNELS and e.channels * e.rows * e.cols <= MAX_VALUES, "limit", "values of an edge")
    need(e.tile_channels <= e.channels and e.tile_rows <= e.rows, "header", "tile")
    flags = r.u8()
    need(flags < 32, "header", "flags")
    e.channels_last, e.one_sided, e.unsigned, e.escape = (flags >> i & 1 == 1 for i in range(4))
    e.n, e.m, e.scale_mode, e.level_map, e.coder, e.apart = (r.u8() for _ in range(6))
    need(2 <= e.n <= 8 and e.m <= 4 and e.scale_mode <= 3 and e.level_map <= 2 and e.coder <= 4, "header", "edge")
    need(not e.unsigned or e.one_sided, "header", "unsigned codes on a two-sided edge")
    whole = e.coder >= FAST
    need(not e.escape or whole and e.m == 0 and e.static() and e.level_map == UNIFORM, "header", "escape")
    need(e.apart <= 4 and e.apart < e.n, "header", "bits apart")
    need(e.apart == 0 or e.m == 0 and e.level_map == UNIFORM and e.coder in (RAW, SMALL, SMALLEST), "header", "apart")
    e.important = r.bools(e.channels) if e.m else None
    if e.static():
        need(4 * e.slots() <= r.left(), "header", "steps")
        e.steps = [r.f32() for _ in range(e.slots())]
        need(all(map(is_step, e.steps)), "header", "step")
    if e.level_map == CLIPPED:
        need(not e.static(), "header", "clipped with static scales")
        need(4 * e.slots() <= r.left(), "header", "ratios")
        need(all(0 < r.f32() <= 1 for _ in range(e.slots())), "header", "ratio")
    if e.level_map == NOISY:
        need(e.m == 0, "header", "noise with extra bits")
        e.noise = (r.f32(), r.number("Q"))
        need(0 <= e.noise[0] <= 1, "header", "amplitude")
    if e.coder == PAPER and any(e.important or ()):
        count = 8 if e.m == 3 else 16
        packed = r.bytes(count // 2)
        e.table = [packed[i // 2] >> 4 * (i % 2) & 15 for i in range(count)]
        need(all(1 <= n <= 7 for n in e.table), "header", "length of a word")
        need(sum(2.0**-n for n in e.table) == 1, "header", "a table that is not complete")
    if e.coder == FAST:
        e.prefix = read_prefix(r, e)
    if whole and e.coder != FAST:
        count = e.channels if e.coder == SMALL else 32 if e.m else 16
        e.models = list(r.bytes(count + (5 if e.apart else 0)))
    return e


def read_prefix(r, e):
    need(e.n + e.m <= 8, "header", "fast and more than 8 bits")
    b = 8 if e.escape else e.n + e.m
    low, high = (0, (1 << b) - 1) if e.unsigned else (-(1 << b - 1), (1 << b - 1) - 1)
    center, group, k = r.number("b"), r.u8(), r.u8()
    packed = r.bytes(8)
    lengths = [packed[i // 2] >> 4 * (i % 2) & 15 for i in range(16)]
    words = list(r.bytes(7))
    need(center == 0 if low == 0 else low <= center <= high, "header", "center")
    need(group in (2, 4) and k <= 7, "header", "group or low bits")
    need(all(1 <= n <= 7 for n in lengths) and sum(2.0**-n for n in lengths) == 1, "header", "words of symbols")
    need(not any(words) or sum(c * 2.0**-(i + 1) for i, c in enumerate(words)) == 1, "header", "words of high parts")
    full = 3 if group == 2 else 1
    escape = max(sum(words), 1) - 1
    need(escape <= 63 and escape << k <= 256 - full, "header", "too many words")
    return {"low": low, "high": high, "center": center, "group": group, "k": k, "lengths": lengths, "full": full,
            "words": [i + 1 for i, c in enumerate(words) for _ in range(c)], "escape": escape}


def read_model(r):
    symbols = r.uvarint(4096, "symbols")
    need(symbols >= 2, "header", "symbols")
    first, count = r.uvarint(), r.uvarint()
    need(first + count <= symbols, "header", "frequencies")
    freq = [0] * first
    for _ in range(count):
        freq.append(r.uvarint())
        need(sum(freq) <= 4096, "header", "frequencies")
    need(count == 0 and first == 0 or count > 0 and freq[first] > 0 and freq[-1] > 0, "header", "frequencies")
    freq += [0] * (symbols - len(freq)) + [4096 - sum(freq)]
    need(freq[-1] > 0, "header", "no escape")
    need(sum(f > 0 for f in freq) <= MAX_LIVE, "limit", "frequencies that are not 0")
    return Model(freq)


def check_models(e, models):
    if e.coder not in (SMALL, SMALLEST):
        return
    need(all(k < len(models) for k in e.models), "header", "model")
    size = {k: len(models[k].freq) - 1 for k in set(e.models)}
    for c in range(e.channels):
        need(all(size[k] == 1 << e.bits(c) - e.apart for k in channel_models(e, c)), "header", "alphabet")
    if e.apart:
        need(all(size[k] == 1 << e.apart for k in e.models[-5:]), "header", "alphabet of a class")


def channel_models(e, c):
    if e.coder == SMALL:
        return e.models[c:c + 1]
    return e.models[16:32] if e.is_important(c) else e.models[:16]


def read_bias(r):
    for _ in range(r.uvarint(MAX_EDGES, "biases")):
        r.string()
        need(is_normal(r.f32()), "header", "scale of a bias")
        r.bytes(r.uvarint(MAX_CHANNELS, "channels of a bias"))


def read_evidence(r, edges):
    if not r.left():
        return
    r.uvarint(2**31 - 1, "images")
    r.string()
    r.bytes(5 * 4)
    for _ in range(edges):
        r.bytes(12)
        r.bytes(12 * r.uvarint(64, "points"))


def split_frame(p, data):
    """Scales and payloads by edge, payloads of refinements by refinement or none."""
    r = Reader(data)
    need(r.bytes(4) == b"DQAF", "header", "magic")
    need(r.u8() == 1, "header", "version")
    digest, edges, refinements, base = r.bytes(16), r.number("I"), r.number("I"), r.number("I")
    r.crc(0)
    need(edges <= MAX_EDGES and refinements <= edges, "limit", "edges")
    need(digest == p.digest[:16], "profile", "digest")
    refined = [e for e in p.edges if e.apart]
    need(edges == len(p.edges) and refinements == len(refined), "header", "edges")
    blocks = [read_block(r, e, True) for e in p.edges]
    need(r.pos == base, "header", "base size")
    more = [read_block(r, e, False)[1] for e in refined] if r.left() else []
    r.end()
    return blocks, more


def read_block(r, e, scales):
    start, values = r.pos, []
    if scales:
        count = r.uvarint(MAX_CHANNELS, "scales")
        need(4 * count <= r.left(), "header", "scales")
        values = [r.f32() for _ in range(count)]
        need(all(map(is_step, values)), "header", "scale")
    count = r.uvarint(MAX_TILES, "tiles")
    need(count <= r.left(), "header", "tiles")
    lengths = [r.uvarint(2**31 - 1, "length of a tile") for _ in range(count)]
    r.crc(start)
    tiles = []
    for n in lengths:
        start = r.pos
        tiles.append(r.bytes(n))
        r.crc(start)
    if scales:
        need(len(values) == (0 if e.static() else e.slots()), "header", "number of scales")
    need(count == len(e.tiles()), "header", "number of tiles")
    return values, tiles


# Coders. A payload is a Reader whose cause is payload.


def read_planes(r, n, b, signed):
    """n values of b bits, in groups of 64, lowest plane first."""
    need((n // 64 * 8 + (n % 64 + 7) // 8) * b <= r.left(), "payload", "planes")
    out = []
    while len(out) < n:
        k = min(64, n - len(out))
        values = [0] * k
        for bit in range(b):
            for i, one in enumerate(r.bools(k)):
                values[i] |= one << bit
        out += [v - (1 << b) if signed and v >> b - 1 else v for v in values]
    return out


def canonical(lengths):
    """Words as strings of bits, highest first, by symbol."""
    words, nxt = {}, 0
    for n in range(1, 16):
        nxt <<= 1
        for s, length in enumerate(lengths):
            if length == n:
                words[s] = format(nxt, f"0{n}b")
                nxt += 1
    return words


def read_huffman(r, n, m, lengths):
    if n == 0:
        return []
    g = {1: 4, 2: 2}.get(m, 1)
    count = -(-n // g)
    lanes = 32
    while lanes > 1 and count < 256 * lanes:
        lanes //= 2
    by_bits = {w[::-1]: s for s, w in canonical(lengths).items()}  # as they stand in a state, lowest bit last
    state = [r.number("H") for _ in range(lanes)]
    need(min(state) >= 256, "payload", "a state below 256")
    out = []
    for k in range(count):
        x = state[k % lanes]
        low = format(x & 127, "07b")
        size = next(i for i in range(1, 8) if low[7 - i:] in by_bits)
        symbol = by_bits[low[7 - size:]]
        x >>= size
        if x < 256:
            x = x * 256 + r.u8()
        state[k % lanes] = x
        out += [symbol >> i * m & (1 << m) - 1 for i in range(g)]
    need(all(x == 256 for x in state), "payload", "the last state")
    need(not any(out[n:]), "payload", "errors beyond the last")
    return out[:n]


def read_words(r, count, lengths):
    """count symbols whose words' bits lie apart by their place."""
    by_word = {w: s for s, w in canonical(lengths).items()}
    words, active = [""] * count, list(range(count))
    for _ in range(max(lengths)):
        bits = r.bools(len(active))
        for i, one in zip(active, bits):
            words[i] += "01"[one]
        active = [i for i in active if words[i] not in by_word]
    return [by_word[w] for w in words]


def read_fast(r, n, p):
    g, full, k = p["group"], p["full"], p["k"]
    symbols = read_words(r, -(-n // g), p["lengths"]) if n else []
    width = 2 if g == 2 else 1
    heads = [s >> i * width & full for s in symbols for i in range(g)]
    need(not any(heads[n:]), "payload", "heads beyond the last code")
    heads = heads[:n]
    rests = sum(h == full for h in heads)
    low = [0] * rests
    for _ in range(k):
        low = [2 * v + one for v, one in zip(low, r.bools(rests))]
    high = read_words(r, rests, p["words"]) if p["words"] else [p["escape"]] * rests
    for i, h in enumerate(high):
        if h == p["escape"]:
            high[i] = r.u8()
            need(p["escape"] <= high[i] <= 255 - full >> k, "payload", "escaped high part")
    rest = iter([h << k | v for h, v in zip(high, low)])
    codes = []
    for h in heads:
        v = h + next(rest) if h == full else h
        need(v <= 255, "payload", "rest")
        if p["low"] < 0:
            c = v // 2 if v % 2 == 0 else -(v + 1) // 2
            v = (c + p["center"] + 128) % 256 - 128
        need(p["low"] <= v <= p["high"], "payload", "code")
        codes.append(v)
    return codes


BOUNDS = (1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120)


def read_rans(r, planes, rows, cols, by_context):
    """planes: (models, lowest code, range) each; returns codes by plane."""
    size = rows * cols
    lanes = 16
    while lanes > 1 and (by_context and lanes > len(planes) or 1024 * lanes > len(planes) * size):
        lanes //= 2
    state = [r.number("I") for _ in range(lanes)]
    need(all(1 << 15 <= x < 1 << 31 for x in state), "payload", "state")
    end = len(r.data)
    codes = [[0] * size for _ in planes]
    if by_context:
        order = [(first + lane, i, lane) for first in range(0, len(planes), lanes) for i in range(size)
                 for lane in range(min(lanes, len(planes) - first))]
    else:
        order = [(k, i, i % lanes) for k in range(len(planes)) for i in range(size)]
    for k, i, lane in order:
        models, lowest, (low, high) = planes[k]
        plane = codes[k]
        model = models[context(plane, i // cols, i % cols, cols) if by_context else 0]
        if model.slots is None:
            model.build()
        x = state[lane]
        symbol, start = model.slots[x % 4096]
        x = model.freq[symbol] * (x >> 12) + x % 4096 - start
        if x < 1 << 15:
            need(r.pos + 2 <= end, "payload", "a word is missing")
            x = x << 16 | r.number("H")
        state[lane] = x
        if symbol < len(model.freq) - 1:
            plane[i] = symbol + lowest
            continue
        end -= 2
        need(end >= r.pos, "payload", "an escaped code is missing")
        code = struct.unpack_from("<h", r.data, end)[0]
        need(low <= code <= high, "payload", "escaped code")
        s = code - lowest
        need(not (0 <= s < len(model.freq) - 1 and model.freq[s]), "payload", "escaped without need")
        plane[i] = code
    need(all(x == 1 << 15 for x in state) and r.pos == end, "payload", "the end")
    r.pos = len(r.data)
    return codes


def context(plane, row, col, cols):
    def mag(dr, dc):
        if row + dr < 0 or not 0 <= col + dc < cols:
            return 0
        return min(255, abs(plane[(row + dr) * cols + col + dc]))

    t = 2 * mag(0, -1) + 2 * mag(-1, 0) + mag(-1, -1) + mag(-1, 1)
    return sum(t >= b for b in BOUNDS)


def read_tile(e, models, bounds, data):
    """Codes by channel of the tile: whole ones, of the base part."""
    c0, c1, r0, r1 = bounds
    size = (r1 - r0) * e.cols
    r = Reader(data, "payload")
    if e.coder in (RAW, PAPER):
        codes = read_planes(r, (c1 - c0) * size, e.n - e.apart, not e.unsigned)
        many = sum(e.is_important(c) for c in range(c0, c1)) * size
        errors = iter(read_planes(r, many, e.m, False) if e.coder == RAW else read_huffman(r, many, e.m, e.table))
        r.end()
        out = [codes[k * size:(k + 1) * size] for k in range(c1 - c0)]
        return [[v << e.m | next(errors) for v in part] if e.is_important(c0 + k) else part
                for k, part in enumerate(out)]
    mode = r.u8()
    if mode != 255:
        need(mode <= 16, "payload", "mode")
        codes = read_plain(r, (c1 - c0) * size, mode, not e.unsigned)
        out = [codes[k * size:(k + 1) * size] for k in range(c1 - c0)]
    elif e.coder == FAST:
        codes = read_fast(r, (c1 - c0) * size, e.prefix)
        out = [codes[k * size:(k + 1) * size] for k in range(c1 - c0)]
    else:
        planes = [([models[k] for k in channel_models(e, c)], e.lowest(c), e.code_range(c)) for c in range(c0, c1)]
        out = read_rans(r, planes, r1 - r0, e.cols, e.coder == SMALLEST)
    r.end()
    for c, part in zip(range(c0, c1), out):
        low, high = e.code_range(c)
        need(all(low <= v <= high for v in part), "payload", "code out of range")
    return out


def read_plain(r, n, width, signed):
    if width == 0:
        return [0] * n
    if width <= 8:
        return read_planes(r, n, width, signed)
    low = read_planes(r, n, 8, False)
    return [h << 8 | v for v, h in zip(low, read_planes(r, n, width - 8, signed))]


def read_refinement(e, models, base, data):
    """Low bits by channel of a tile, whose bases are given."""
    r = Reader(data, "payload")
    flat = [v for part in base for v in part]
    if e.coder == RAW:
        low = read_planes(r, len(flat), e.apart, False)
    else:
        classes = [max(-2, min(2, v)) + 2 for v in flat]
        parts = []
        for k in range(5):
            count = classes.count(k)
            if not count:
                parts.append(iter(()))
                continue
            part = Reader(r.bytes(r.uvarint()), "payload")
            mode = part.u8()
            need(mode in (255, e.apart), "payload", "mode of a class")
            if mode == 255:
                plane = ([models[e.models[k - 5]]], 0, (0, (1 << e.apart) - 1))
                values = read_rans(part, [plane], 1, count, False)[0]
                need(all(v < 1 << e.apart for v in values), "payload", "low bits")
            else:
                values = read_planes(part, count, e.apart, False)
            part.end()
            parts.append(iter(values))
        low = [next(parts[k]) for k in classes]
    r.end()
    low = iter(low)
    return [[v << e.apart | next(low) for v in part] for part in base]


MASK64 = (1 << 64) - 1


def noise(seed, amplitude, i):
    """Position i of the static noise: splitmix64, output number i."""
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & MASK64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK64
    z ^= z >> 31
    u = F32((z >> 40) - (1 << 23)) * F32(2.0**-23)
    return F32(amplitude * u)


def value(e, scale, code, base, i):
    if base:
        if code == 0 and e.one_sided:
            return F32(0)
        middle = F32((code << e.apart) + ((1 << e.apart) - 1) / 2)
        return F32(scale * middle)
    if e.level_map == NOISY:
        if scale == 0:
            return F32(0)
        return F32(scale * F32(F32(code) - noise(e.noise[1], e.noise[0], i)))
    return F32(scale * F32(code))


def decode(p, data, base_only=False):
    """Every edge's values, float32, in the order of the ONNX tensor."""
    blocks, more = split_frame(p, data)
    refinements, out = iter(more), []
    for e, (scales, tiles) in zip(p.edges, blocks):
        extra = next(refinements, None) if e.apart and more else None
        base = bool(e.apart) and (extra is None or base_only)
        scales = e.steps if e.static() else scales
        values = np.zeros((e.channels, e.rows * e.cols), F32)
        for t, bounds in enumerate(e.tiles()):
            codes = read_tile(e, p.models, bounds, tiles[t])
            if e.apart and not base:
                codes = read_refinement(e, p.models, codes, extra[t])
            c0, c1, r0, _ = bounds
            for c, part in zip(range(c0, c1), codes):
                scale = scales[e.slot(c)]
                for i, code in enumerate(part):
                    at = r0 * e.cols + i
                    values[c, at] = value(e, scale, code, base, c * e.rows * e.cols + at)
        out.append(values.T.reshape(-1) if e.channels_last else values.reshape(-1))
    return out


def run_vectors(path):
    with open(path, encoding="utf-8") as f:
        book = json.load(f)
    profiles = {name: base64.b64decode(b) for name, b in book["profiles"].items()}
    parsed, failures = {}, 0
    for v in book["vectors"]:
        data, got = base64.b64decode(v["bytes"]), "ok"
        try:
            if v["file"] == "profile":
                parse_profile(data)
            else:
                if v["profile"] not in parsed:
                    parsed[v["profile"]] = parse_profile(profiles[v["profile"]])
                values = decode(parsed[v["profile"]], data, v.get("base_only", False))
                if v["cause"] == "ok":
                    for e, want in zip(values, v["edges"]):
                        if e.astype("<f4").tobytes() != base64.b64decode(want["values"]):
                            got = f"other values on edge {want['name']}"
        except Refused as err:
            got = err.cause
        if got != v["cause"]:
            failures += 1
            print(f"{v['name']}: {got}, want {v['cause']} ({v['what']})")
    print(f"{len(book['vectors'])} vectors, {failures} failures")
    return failures


def selftest():
    r = Reader(bytes.fromhex("f12107"), "payload")
    assert read_huffman(r, 4, 3, [1, 3, 3, 4, 4, 4, 5, 5]) == [1, 0, 7, 5] and r.left() == 0
    p = {"low": -128, "high": 127, "center": 1, "group": 2, "full": 3, "k": 1, "escape": 2, "words": [1, 2, 2],
         "lengths": [1, 3, 7, 6, 6, 3, 7, 3, 6, 6, 7, 7, 7, 7, 7, 7]}
    r = Reader(bytes.fromhex("0a030302030301 01 0201 04".replace(" ", "")), "payload")
    assert read_fast(r, 9, p) == [1, 1, 0, 2, 1, 1, 3, -5, 1] and r.left() == 0
    print("the examples are right")


def main(args):
    np.seterr(over="ignore")
    if args[:1] == ["vectors"] and len(args) == 2:
        return 1 if run_vectors(args[1]) else 0
    if args == ["selftest"]:
        selftest()
        return 0
    if args[:1] == ["decode"] and len(args) >= 3:
        with open(args[1], "rb") as f:
            p = parse_profile(f.read())
        with open(args[2], "rb") as f:
            for e, values in zip(p.edges, decode(p, f.read(), "--base-only" in args[3:])):
                print(f"{e.name}: {e.channels}x{e.rows}x{e.cols}, {values[:4]}, crc {crc32c(values.tobytes()):08x}")
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

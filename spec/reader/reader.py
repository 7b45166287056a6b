#!/usr/bin/env python3
"""Slow reference decoder of DQA profiles and frames, written from the pages in spec/ alone.

Simple rather than fast: every step follows the words of a page, in the order of the page. Needs numpy.

    reader.py vectors FILE                          run the vectors of a vectors.json
    reader.py decode --profile P FRAME [--base-only]  print what a frame holds
    reader.py selftest                              check the worked examples of the pages
"""

import argparse
import base64
import hashlib
import json
import struct
import sys
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, NamedTuple, NoReturn, Optional, Tuple

import numpy as np

HEADER, LIMIT, CHECKSUM, PROFILE, PAYLOAD = "header", "limit", "checksum", "profile", "payload"
RAW, PAPER, FAST, SMALL, SMALLEST, SMALLEST2 = range(6)
UNIFORM, CLIPPED, NOISY = range(3)
MAX_EDGES, MAX_STRING, MAX_CHANNELS, MAX_VALUES = 65536, 4096, 1 << 20, 1 << 28
MAX_INT31, MAX_TILES, MAX_LIST, MAX_TRANSFORM = (1 << 31) - 1, 1 << 20, 1024, 2048
FRAME_HEADER = 37
BOUNDS = (1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120)
MASK64 = (1 << 64) - 1


class Refused(Exception):
    """These bytes are no good: cause is one of spec/README.md, detail is for people."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


def need(condition: bool, cause: str, detail: str) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(cause, detail)


# ----------------------------------------------------------------------------------------------------
# Conventions (README.md)


def _crc_table() -> List[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected, all ones before and after."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Reader:
    """Reads fields one behind the other; what does not fit is refused with the reader's cause."""

    def __init__(self, data: bytes, where: str, cause: str = HEADER) -> None:
        self.data = data
        self.pos = 0
        self.where = where
        self.cause = cause

    def fail(self, detail: str, cause: str = "") -> NoReturn:
        raise Refused(cause or self.cause, f"{self.where}, byte {self.pos}: {detail}")

    def need(self, condition: bool, detail: str, cause: str = "") -> None:
        if not condition:
            self.fail(detail, cause)

    def left(self) -> int:
        return len(self.data) - self.pos

    def take(self, count: int) -> bytes:
        self.need(count <= self.left(), f"{count} bytes wanted, {self.left()} there")
        self.pos += count
        return self.data[self.pos - count:self.pos]

    def end(self) -> None:
        self.need(self.left() == 0, f"{self.left()} bytes after the end")

    def u8(self) -> int:
        return self.take(1)[0]

    def i8(self) -> int:
        return struct.unpack("<b", self.take(1))[0]

    def u32(self) -> int:
        return struct.unpack("<I", self.take(4))[0]

    def u64(self) -> int:
        return struct.unpack("<Q", self.take(8))[0]

    def f32(self) -> np.float32:
        return self.f32s(1)[0]

    def f32s(self, count: int) -> np.ndarray:
        return np.frombuffer(self.take(4 * count), dtype="<f4").astype(np.float32)

    def f64(self) -> float:
        return struct.unpack("<d", self.take(8))[0]

    def uvarint(self) -> int:
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 127) << (7 * i)
            if byte < 128:
                self.need(i == 0 or byte != 0, "uvarint longer than necessary")
                self.need(value <= MASK64, "uvarint above 64 bits")
                return value
        self.fail("uvarint above 64 bits")

    def count(self, most: int, what: str) -> int:
        """A uvarint that counts things of which there is a greatest number."""
        value = self.uvarint()
        self.need(value <= most, f"{value} {what}, at most {most}", LIMIT)
        return value

    def string(self) -> str:
        return self.take(self.count(MAX_STRING, "bytes of a string")).decode("utf-8", "surrogateescape")

    def ranged(self, low: int, high: int, what: str) -> int:
        """A u8 that has a range."""
        value = self.u8()
        self.need(low <= value <= high, f"{what} is {value}, not {low}..{high}")
        return value

    def bools(self, count: int) -> np.ndarray:
        bits = np.unpackbits(np.frombuffer(self.take((count + 7) // 8), np.uint8), bitorder="little")
        self.need(not bits[count:].any(), "unused bits of bools are set")
        return bits[:count].astype(bool)

    def nibbles(self, count: int) -> List[int]:
        return [part for byte in self.take(count // 2) for part in (byte & 15, byte >> 4)]

    def uvarints(self) -> List[int]:
        """A count (at most 1,024) and that many uvarints (at most 2^28)."""
        return [self.count(MAX_VALUES, "as a number") for _ in range(self.count(MAX_LIST, "numbers"))]


# ----------------------------------------------------------------------------------------------------
# Codes that words belong to (coders.md, fast.md)


def canonical_words(lengths: List[int]) -> List[int]:
    """The words of a canonical prefix code: counted up, shorter ones first, then by symbol."""
    words = [0] * len(lengths)
    word = 0
    for length in range(1, max(lengths) + 1):
        word <<= 1
        for symbol, own in enumerate(lengths):
            if own == length:
                words[symbol] = word
                word += 1
    return words


def word_table(lengths: List[int]) -> Dict[Tuple[int, int], int]:
    """From (length, word) to symbol."""
    return {(length, word): s for s, (length, word) in enumerate(zip(lengths, canonical_words(lengths)))}


def complete(lengths: List[int]) -> bool:
    """Whether words of these lengths, 1..7 each, make a complete code."""
    return all(1 <= length <= 7 for length in lengths) and sum(128 >> length for length in lengths) == 128


@dataclass
class PrefixCode:
    """Parameters of the coder fast (fast.md)."""

    low: int
    high: int
    center: int
    group: int
    low_bits: int
    lengths: List[int]
    counts: List[int]

    @property
    def head(self) -> int:
        """H, the head of all values from H on."""
        return 3 if self.group == 2 else 1

    @property
    def high_lengths(self) -> List[int]:
        """Word lengths of the high parts 0..S, S being the escape; empty if the escape has no bits."""
        return [i + 1 for i, count in enumerate(self.counts) for _ in range(count)]

    @property
    def escape(self) -> int:
        """S."""
        return max(sum(self.counts), 1) - 1

    def check(self) -> None:
        need(self.low <= self.center <= self.high, HEADER, f"center {self.center} out of the codes")
        need(self.low != 0 or self.center == 0, HEADER, "center of unsigned codes is not 0")
        need(self.group in (2, 4), HEADER, f"groups of {self.group}")
        need(self.low_bits <= 7, HEADER, f"{self.low_bits} low bits")
        need(complete(self.lengths), HEADER, "symbols' words do not make a complete code")
        need(not any(self.counts) or complete(self.high_lengths), HEADER, "high parts' words")
        need(self.escape <= 63, HEADER, f"{self.escape} high parts that are not escaped")
        need(self.escape << self.low_bits <= 256 - self.head, HEADER, "high parts that no rest has")


class Model:
    """A model of rANS: frequencies of the symbols 0..size-1 and, as number size, of the escape."""

    def __init__(self, size: int, frequencies: List[int]) -> None:
        self.size = size
        self.frequencies = frequencies
        self._slots: Optional[List[Tuple[int, int]]] = None

    def slots(self) -> List[Tuple[int, int]]:
        """By slot: the symbol that has it, and the symbol's first slot."""
        if self._slots is None:
            f = self.frequencies
            used = [s for s in range(self.size + 1) if f[s] != 0]
            largest = max(used, key=lambda s: (f[s], -s))
            others = [s for s in used if s != largest]
            order = [s for s in others if f[s] % 4 != 0]
            order += [s for s in others if f[s] % 4 == 0 and f[s] % 32 != 0]
            order += [largest]
            order += [s for s in others if f[s] % 32 == 0]
            self._slots = []
            for s in order:
                self._slots += [(s, len(self._slots))] * f[s]
        return self._slots


# ----------------------------------------------------------------------------------------------------
# Profile (profile.md)


class Plane(NamedTuple):
    """What a code of a channel may be, and how many bits n or n+m (less what is stored apart) have."""

    bits: int
    first: int      # lowest code of these bits: symbol 0 of a model
    lowest: int     # lowest and highest code that may stand there
    highest: int


@dataclass
class Edge:
    """One edge of the profile: geometry, numerics and coder."""

    name: str
    channels: int
    rows: int
    columns: int
    tile_channels: int
    tile_rows: int
    flags: int
    n: int
    m: int
    scale_mode: int
    level_map: int
    coder: int
    apart: int
    important: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    steps: Optional[np.ndarray] = None
    amplitude: np.float32 = np.float32(0)
    seed: int = 0
    table: List[int] = field(default_factory=list)
    prefix: Optional[PrefixCode] = None
    model_numbers: List[int] = field(default_factory=list)
    models: List[Model] = field(default_factory=list)
    taps: Optional["Taps"] = None
    centre: Optional[np.ndarray] = None     # of a transform: by channel
    matrix: Optional[np.ndarray] = None     # (components, channels)
    earlier: Optional["Earlier"] = None

    @property
    def channels_last(self) -> bool:
        return bool(self.flags & 1)

    @property
    def one_sided(self) -> bool:
        return bool(self.flags & 2)

    @property
    def unsigned(self) -> bool:
        return bool(self.flags & 4)

    @property
    def escape(self) -> bool:
        return bool(self.flags & 8)

    @property
    def means(self) -> bool:
        return bool(self.flags & 32)

    @property
    def transformed(self) -> bool:
        return bool(self.flags & 64)

    @property
    def static(self) -> bool:
        return self.scale_mode >= 2

    @property
    def slots(self) -> int:
        return self.channels if self.scale_mode in (0, 2) else 2

    def slot(self, channel: int) -> int:
        return channel if self.scale_mode in (0, 2) else int(self.important[channel])

    def code_range(self, bits: int) -> Tuple[int, int]:
        return (0, (1 << bits) - 1) if self.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)

    def plane(self, important: bool) -> Plane:
        """Whole codes (before the shift) of an important channel or another one; bases if bits are apart."""
        bits = self.n - self.apart + (self.m if important else 0)
        low, high = self.code_range(bits)
        if self.escape:
            return Plane(bits, low, (0 if self.unsigned else -32768) >> self.apart, 32767 >> self.apart)
        return Plane(bits, low, low, high)

    def channel_models(self, channel: int) -> List[Model]:
        """One model, or one per context."""
        if self.coder == SMALL:
            return [self.models[channel]]
        first = 16 if self.important[channel] else 0
        return self.models[first:first + 16]

    def class_model(self, number: int) -> Model:
        return self.models[len(self.models) - 5 + number]

    def tiles(self) -> Iterator[Tuple[slice, slice]]:
        """Channels and rows of every tile: all channel blocks of a band before the next band."""
        for row in range(0, self.rows, self.tile_rows):
            for channel in range(0, self.channels, self.tile_channels):
                yield (slice(channel, min(channel + self.tile_channels, self.channels)),
                       slice(row, min(row + self.tile_rows, self.rows)))

    def tile_count(self) -> int:
        return -(-self.rows // self.tile_rows) * -(-self.channels // self.tile_channels)


def positive_normal(values: np.ndarray) -> np.ndarray:
    return np.isfinite(values) & (values >= np.finfo(np.float32).tiny)


def are_steps(values: np.ndarray) -> bool:
    """Whether each is 0 (not -0) or a positive normal number."""
    return bool((positive_normal(values) | (values.view(np.uint32) == 0)).all())


@dataclass
class Profile:
    """What decoding needs of a profile."""

    digest: bytes
    edges: List[Edge]
    extras: Dict[int, bytes] = field(default_factory=dict)  # sections that a reader may skip


def read_profile(data: bytes) -> Profile:
    """Parse a .dqap file; raises Refused."""
    need(len(data) >= 9, HEADER, "no room for magic, version and checksum")
    reader = Reader(data[:-4], "profile")
    reader.need(reader.take(4) == b"DQAP", "magic")
    version = reader.ranged(1, 2, "version")
    need(crc32c(data[:-4]) == struct.unpack("<I", data[-4:])[0], CHECKSUM, "profile")
    sections = []
    names = ["origin", "preprocess", "method", "edges", "models", "bias", "evidence"] + ["gain"] * (version - 1)
    for tag, name in enumerate(names, 1):
        reader.need(reader.u8() == tag, f"tag {tag} wanted")
        sections.append(Reader(reader.take(reader.uvarint()), name))
    extras = read_extras(reader) if version == 2 else {}
    needed = bool(extras)
    reader.end()
    origin, preprocess, method, edge_section, model_section, bias, evidence = sections[:7]
    read_origin(origin)
    read_preprocess(preprocess, version)
    coder = read_method(method, version)
    edges = [read_edge(edge_section, version) for _ in range(edge_section.count(MAX_EDGES, "edges"))]
    models = [read_model(model_section) for _ in range(model_section.count(256, "models"))]
    for number, edge in enumerate(edges):
        bind_models(edge, models)
        check_earlier(edges[:number], edge)
    read_bias(bias)
    read_evidence(evidence, len(edges))
    if version == 2:
        needed = read_gains(sections[7]) or needed or coder == SMALLEST2
        needed = needed or any(edge.means or edge.transformed or edge.coder == SMALLEST2 for edge in edges)
        need(needed, HEADER, "version 1 has a place for all of it")
    for section in sections:
        section.end()
    return Profile(hashlib.sha256(data).digest(), edges, extras)


def read_extras(r: Reader) -> Dict[int, bytes]:
    """Sections that a reader may skip."""
    last, extras = 127, {}
    while r.left() > 0:
        tag = r.u8()
        r.need(tag > last, f"tag {tag} behind {last}")
        last = tag
        extras[tag] = r.take(r.count(1 << 24, "bytes of a section"))
    return extras


def read_moments(r: Reader, count: int) -> None:
    values = r.f32s(2 * count)
    r.need(bool(np.isfinite(values).all() and (values[1::2] >= 0).all()), "mean or deviation")


def read_reference(profile: Profile) -> str:
    """What the section reference says, in one line."""
    if 160 not in profile.extras:
        return ""
    r = Reader(profile.extras[160], "reference")
    numbers: List[int] = []
    classes = 0
    for _ in range(r.count(128, "edges")):
        number = r.uvarint()
        r.need(number < len(profile.edges) and (not numbers or number > numbers[-1]), f"edge {number}")
        numbers.append(number)
        read_moments(r, 6)
        classes += sum(struct.unpack("<16H", r.take(32)))
        groups = r.u8()
        r.need(groups == min(profile.edges[number].channels, 16), f"{groups} groups")
        read_moments(r, groups)
    r.need(len(numbers) > 0, "no edges")
    images, run = r.count(512, "images"), r.count(512, "images in a row")
    streams, coded = r.count(64, "streams"), r.count(64, "streams of coded bits")
    r.need(0 < run <= images and streams > 0 and coded <= streams, "rows")
    total = int(np.frombuffer(r.take(images * streams), np.int8).astype(int).sum())
    r.end()
    return (f"edges {' '.join(map(str, numbers))}, classes {classes}, {images} images in runs of {run}, "
            f"{coded} of {streams} streams, sum {total}")


def read_lineage(profile: Profile) -> str:
    """What the section lineage says, in one line."""
    if 161 not in profile.extras:
        return ""
    r = Reader(profile.extras[161], "lineage")
    parent = r.take(32).hex()
    words = [r.string() for _ in range(3)]
    digest = r.take(32).hex()
    images = r.count(MAX_INT31, "images")
    r.end()
    return " ".join([parent, *words, digest, str(images)])


def section_line(read, profile: Profile) -> str:
    """What a section says, or why it is refused."""
    try:
        return read(profile)
    except Refused as refused:
        return refused.cause


def read_gains(r: Reader) -> bool:
    """Whether there are any."""
    nodes = r.count(65536, "nodes with gains")
    for _ in range(nodes):
        r.string()
        r.take(r.count(MAX_CHANNELS, "channels"))
    return nodes > 0


def read_origin(r: Reader) -> None:
    """Nothing of it is needed; only checked."""
    r.string()                                  # tool
    r.string()                                  # instruction set
    r.u64()                                     # seed
    r.string()                                  # model name
    r.take(32)                                  # model digest
    r.string()                                  # data spec
    r.take(32)                                  # data digest
    r.count(MAX_INT31, "images")
    r.string()                                  # edge set
    for _ in range(r.count(65536, "skipped edges")):
        r.string()


def read_preprocess(r: Reader, version: int) -> None:
    for _ in range(4):                          # resize, crop
        r.count(MAX_VALUES, "pixels")
    divisor = r.f32()
    r.need(bool(np.isfinite(divisor) and divisor >= 0), "divisor")
    mean = r.f32s(r.count(MAX_LIST, "means"))
    std = r.f32s(r.count(MAX_LIST, "standard deviations"))
    r.need(bool(np.isfinite(mean).all() and np.isfinite(std).all() and (std != 0).all()), "mean or std")
    r.string()                                  # channels
    r.string()                                  # layout
    if version == 2:
        r.ranged(0, 2, "resampling")
        r.bools(1)                              # as stored
    r.uvarints()                                # shape
    if version == 1:
        r.uvarints()                            # ignored labels
    else:
        for _ in range(r.count(MAX_LIST, "ignored labels")):
            r.count(2 * MAX_VALUES, "as a label, zigzag")
    r.need(r.i8() in (-1, 0, 1), "label shift")


def read_method(r: Reader, version: int) -> int:
    """The coder that was asked for."""
    r.string()                                  # name
    r.ranged(2, 8, "n")
    r.ranged(0, 4, "m")
    r.need(0 <= r.f64() <= 1, "r out of 0..1")
    r.string()                                  # ranking
    r.bools(4)
    r.ranged(0, 3, "scale mode")
    coder = r.ranged(0, 3 + version, "coder")
    r.ranged(0, 4, "apart")
    r.ranged(0, 4, "dial")
    r.need(0 <= r.f64() < float("inf"), "goal")
    return coder


def read_edge(r: Reader, version: int) -> Edge:
    """One edge of the section edges; models are bound later."""
    name = r.string()
    channels, rows, columns = r.uvarint(), r.uvarint(), r.uvarint()
    r.need(min(channels, rows, columns) >= 1, "an empty edge")
    r.need(channels <= MAX_CHANNELS, f"{channels} channels", LIMIT)
    r.need(channels * rows * columns <= MAX_VALUES, "too many values", LIMIT)
    tile_channels, tile_rows = r.uvarint(), r.uvarint()
    r.need(1 <= tile_channels <= channels and 1 <= tile_rows <= rows, "size of tiles")
    flags = r.ranged(0, 31 if version == 1 else 255, "flags")
    edge = Edge(name, channels, rows, columns, tile_channels, tile_rows, flags, n=r.ranged(2, 8, "n"),
                m=r.ranged(0, 4, "m"), scale_mode=r.ranged(0, 3, "scale mode"),
                level_map=r.ranged(0, 2, "level map"), coder=r.ranged(0, 3 + version, "coder"),
                apart=r.ranged(0, 4, "apart"))
    r.need(edge.one_sided or not edge.unsigned, "unsigned codes, but not one-sided")
    r.need(not edge.escape or (edge.coder in (FAST, SMALL, SMALLEST, SMALLEST2) and edge.m == 0 and edge.static
                               and edge.level_map == UNIFORM), "escape flag where it must not be")
    r.need(edge.apart == 0 or (edge.apart < edge.n and not edge.means and edge.m == 0 and edge.level_map == UNIFORM
                               and edge.coder in (RAW, SMALL, SMALLEST)), "bits apart where they must not be")
    r.need(edge.level_map != CLIPPED or not edge.static, "clipped and static")
    r.need(edge.level_map != NOISY or edge.m == 0, "noisy and m > 0")
    r.need(edge.coder != FAST or edge.n + edge.m <= 8, "fast and more than 8 bits")
    if edge.transformed:
        check_transformed(r, edge)
    edge.important = r.bools(channels) if edge.m > 0 else np.zeros(channels, bool)
    if edge.static:
        edge.steps = r.f32s(edge.slots)
        r.need(are_steps(edge.steps), "a step that is no step")
    if edge.level_map == CLIPPED:
        ratios = r.f32s(edge.slots)
        r.need(bool(((ratios > 0) & (ratios <= 1)).all()), "a clipping ratio out of its range")
    if edge.level_map == NOISY:
        edge.amplitude, edge.seed = r.f32(), r.u64()
        r.need(bool(0 <= edge.amplitude <= 1), "amplitude out of 0..1")
    if edge.transformed:
        read_transform(r, edge)
    if edge.coder == PAPER and edge.important.any():
        edge.table = r.nibbles(8 if edge.m == 3 else 16)
        r.need(complete(edge.table), "table is no complete code")
    if edge.coder == FAST:
        low, high = edge.code_range(8 if edge.escape else edge.n + edge.m)
        edge.prefix = PrefixCode(low, high, center=r.i8(), group=r.u8(), low_bits=r.u8(),
                                 lengths=r.nibbles(16), counts=list(r.take(7)))
        edge.prefix.check()
    if edge.coder == SMALLEST2:
        edge.taps = read_taps(r, edge)
        edge.model_numbers = list(r.take(256))
    if flags & 128:
        r.need(edge.taps is not None, "an earlier edge beside another coder")
        edge.earlier = read_earlier(r, edge)
    if edge.coder in (SMALL, SMALLEST):
        count = channels if edge.coder == SMALL else 32 if edge.m > 0 else 16
        edge.model_numbers = list(r.take(count + (5 if edge.apart > 0 else 0)))
    return edge


def check_transformed(r: Reader, edge: Edge) -> None:
    """What else an edge with a transform must be."""
    r.need(edge.channels <= MAX_TRANSFORM, f"a transform of {edge.channels} channels", LIMIT)
    r.need(edge.tile_channels == edge.channels, "a transform, and tiles without all channels")
    r.need(edge.flags & (2 | 16 | 32) == 0 and edge.m == 0 and edge.apart == 0, "a transform where it must not be")
    r.need(edge.static and edge.level_map == UNIFORM, "a transform beside another scale or level map")


def read_transform(r: Reader, edge: Edge) -> None:
    edge.centre = r.f32s(edge.channels)
    r.need(bool(np.isfinite(edge.centre).all()), "a centre that is not finite")
    edge.matrix = r.f32s(edge.channels * edge.channels).reshape(edge.channels, edge.channels)
    r.need(bool((np.abs(edge.matrix) <= 1).all()), "a number of the matrix beyond 1")


def read_model(r: Reader) -> Model:
    size = r.count(4096, "symbols")
    r.need(size >= 2, f"a model of {size} symbols")
    first, count = r.uvarint(), r.uvarint()
    r.need(first + count <= size, "frequencies beyond the symbols")
    r.need(count > 0 or first == 0, "first symbol of a model without frequencies")
    listed = [r.uvarint() for _ in range(count)]
    r.need(count == 0 or (listed[0] != 0 and listed[-1] != 0), "first or last frequency is 0")
    r.need(sum(listed) < 4096, "nothing is left for the escape")
    frequencies = [0] * first + listed + [0] * (size - first - count) + [4096 - sum(listed)]
    r.need(sum(f != 0 for f in frequencies) <= 256, "too many symbols that have a frequency", LIMIT)
    return Model(size, frequencies)


def bind_models(edge: Edge, models: List[Model]) -> None:
    """Models by their numbers, with the alphabets that the edge's channels and classes need."""
    numbers = edge.model_numbers + (edge.earlier.model_numbers if edge.earlier is not None else [])
    need(all(number < len(models) for number in numbers), HEADER, f"{edge.name}: no such model")
    edge.models = [models[number] for number in edge.model_numbers]
    if edge.earlier is not None:
        edge.earlier.models = [models[number] for number in edge.earlier.model_numbers]
        need(all(model.size == 1 << edge.n for model in edge.earlier.models), HEADER, f"{edge.name}: alphabet of a context")
    if edge.coder == SMALL:
        for c in range(edge.channels):
            need(edge.models[c].size == 1 << edge.plane(bool(edge.important[c])).bits, HEADER,
                 f"{edge.name}: alphabet of channel {c}")
    if edge.coder == SMALLEST:
        for important in set(edge.important.tolist()):
            for model in edge.models[16:32] if important else edge.models[:16]:
                need(model.size == 1 << edge.plane(important).bits, HEADER,
                     f"{edge.name}: alphabet of a context")
    if edge.coder == SMALLEST2:
        need(all(model.size == 1 << edge.n for model in edge.models), HEADER, f"{edge.name}: alphabet of a context")
    if edge.coder in (SMALL, SMALLEST) and edge.apart > 0:
        need(all(model.size == 1 << edge.apart for model in edge.models[-5:]), HEADER,
             f"{edge.name}: alphabet of a class")


def read_bias(r: Reader) -> None:
    for _ in range(r.count(65536, "nodes with a bias")):
        r.string()
        r.need(bool(positive_normal(r.f32s(1)).all()), "scale of a bias")
        r.take(r.count(MAX_CHANNELS, "channels"))


def read_evidence(r: Reader, edges: int) -> None:
    if r.left() == 0:
        return
    r.count(MAX_INT31, "images")
    r.string()                                  # what distortion is
    r.f32s(5)                                   # distortion, KL, agreement, stored bits, predicted
    for _ in range(edges):
        r.f32s(3)                               # the chosen point: a point, too
        r.f32s(3 * r.count(64, "points"))


# ----------------------------------------------------------------------------------------------------
# Bit planes (coders.md)


def planes_size(count: int, bits: int) -> int:
    return bits * (count // 64 * 8 + (count % 64 + 7) // 8)


def bit_planes(data: bytes, count: int, bits: int, signed: bool) -> np.ndarray:
    """Values of 1..8 bits from their planes; the planes must be all of the data."""
    need(len(data) == planes_size(count, bits), PAYLOAD, f"{len(data)} bytes of planes")
    split = count // 64 * 8 * bits
    full = np.frombuffer(data, np.uint8, split).reshape(-1, bits, 8)
    last = np.frombuffer(data, np.uint8, len(data) - split, split).reshape(1, bits, -1)
    values = []
    for groups, size in ((full, 64), (last, count % 64)):
        ones = np.zeros((0, bits, 0), np.uint8)
        if groups.size:
            ones = np.unpackbits(groups, axis=2, bitorder="little")
        need(not ones[:, :, size:].any(), PAYLOAD, "unused bits of a plane are set")
        ones = ones[:, :, :size].astype(np.int32)
        values.append(sum(ones[:, bit] << bit for bit in range(bits)).reshape(-1))
    return sign_extend(np.concatenate(values), bits, signed)


def sign_extend(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    return np.where(values >> (bits - 1) & 1, values - (1 << bits), values) if signed else values


# ----------------------------------------------------------------------------------------------------
# Huffman-coded shift errors (coders.md)


def huffman_errors(data: bytes, count: int, m: int, lengths: List[int]) -> np.ndarray:
    """Shift errors of m bits; the stream must be all of the data."""
    r = Reader(data, "shift errors", PAYLOAD)
    group = {1: 4, 2: 2}.get(m, 1)
    symbols = -(-count // group)
    lanes = 1
    while 2 * lanes <= 32 and symbols >= 256 * 2 * lanes:
        lanes *= 2
    states = [struct.unpack("<H", r.take(2))[0] for _ in range(lanes)] if count else []
    r.need(all(x >= 256 for x in states), "a state below 256")
    table = word_table(lengths)
    errors = []
    for k in range(symbols):
        x = states[k % lanes]
        word = length = 0
        while (length, word) not in table:      # a complete code: found at 7 bits at the latest
            word = word * 2 + (x >> length & 1)
            length += 1
        x >>= length
        states[k % lanes] = x if x >= 256 else x * 256 + r.u8()
        errors += [table[length, word] >> (i * m) & ((1 << m) - 1) for i in range(group)]
    r.need(all(x == 256 for x in states), "a last state that is not 256")
    r.need(not any(errors[count:]), "errors beyond the last one")
    r.end()
    return np.array(errors[:count], np.int32)


# ----------------------------------------------------------------------------------------------------
# Prefix code of the coder fast (fast.md)


def read_plane(r: Reader, members: int) -> List[int]:
    bits = np.unpackbits(np.frombuffer(r.take((members + 7) // 8), np.uint8), bitorder="little")
    r.need(not bits[members:].any(), "unused bits of a plane are set")
    return bits[:members].tolist()


def read_words(r: Reader, members: int, lengths: List[int]) -> List[int]:
    """One symbol per member, from planes of first bits, second bits and so on of their words."""
    table = word_table(lengths)
    symbols = [0] * members
    words = [(i, 0) for i in range(members)]    # those that have not ended
    for length in range(1, max(lengths) + 1):
        longer = []
        for (member, word), bit in zip(words, read_plane(r, len(words))):
            word = word * 2 + bit
            if (length, word) in table:
                symbols[member] = table[length, word]
            else:
                longer.append((member, word))
        words = longer
    return symbols


def fast_codes(data: bytes, count: int, code: PrefixCode) -> np.ndarray:
    """Codes of the coder fast; the stream must be all of the data."""
    r = Reader(data, "stream of fast", PAYLOAD)
    r.need((-(-count // code.group) + 7) // 8 <= r.left(), "stream ends early")
    top, bits_per_head = code.head, 2 if code.group == 2 else 1
    heads = []
    for symbol in read_words(r, -(-count // code.group), code.lengths):
        heads += [symbol >> (i * bits_per_head) & top for i in range(code.group)]
    r.need(not any(heads[count:]), "heads beyond the last code")
    heads = heads[:count]
    rests = heads.count(top)
    low = [0] * rests
    for _ in range(code.low_bits):
        low = [2 * value + bit for value, bit in zip(low, read_plane(r, rests))]
    high = read_words(r, rests, code.high_lengths) if any(code.counts) else [code.escape] * rests
    for i in range(rests):
        if high[i] == code.escape:
            high[i] = r.u8()
            r.need(code.escape <= high[i] <= (255 - top) >> code.low_bits, "escaped high part")
    r.end()
    tail = iter([high[i] << code.low_bits | low[i] for i in range(rests)])
    codes = []
    for head in heads:
        value = head
        if head == top:
            rest = next(tail)
            r.need(rest <= 255 - top, f"rest {rest}")
            value += rest
        codes.append(value if code.low == 0 else unfold(value, code.center))
        r.need(code.low <= codes[-1] <= code.high, f"code {codes[-1]}")
    return np.array(codes, np.int32)


def unfold(value: int, center: int) -> int:
    """The signed code of a value, by its distance to the center: 0 -1 1 -2 2 ... modulo 256."""
    distance = value // 2 if value % 2 == 0 else -(value + 1) // 2
    return (center + distance + 128) % 256 - 128


# ----------------------------------------------------------------------------------------------------
# rANS (coders.md)


class RansReader:
    """States, words from the front and escaped codes from the end of one stream."""

    def __init__(self, data: bytes, lanes: int) -> None:
        need(len(data) >= 4 * lanes and len(data) % 2 == 0, PAYLOAD, f"{len(data)} bytes of rANS")
        self.states = list(struct.unpack(f"<{lanes}I", data[:4 * lanes]))
        need(all(1 << 15 <= x < 1 << 31 for x in self.states), PAYLOAD, "a state out of its range")
        self.words = np.frombuffer(data, "<u2", offset=4 * lanes).tolist()
        self.front = 0
        self.back = len(self.words)

    def code(self, lane: int, model: Model, plane: Plane) -> int:
        """The next code of a lane."""
        x = self.states[lane]
        slot = x % 4096
        symbol, start = model.slots()[slot]
        x = model.frequencies[symbol] * (x >> 12) + slot - start
        if x < 1 << 15:
            need(self.front < self.back, PAYLOAD, "words of rANS end early")
            x = x << 16 | self.words[self.front]
            self.front += 1
        self.states[lane] = x
        if symbol < model.size:
            return plane.first + symbol
        need(self.front < self.back, PAYLOAD, "escaped codes of rANS end early")
        self.back -= 1
        code = (self.words[self.back] ^ 0x8000) - 0x8000
        need(plane.lowest <= code <= plane.highest, PAYLOAD, f"escaped code {code}")
        symbol = code - plane.first
        need(not (0 <= symbol < model.size and model.frequencies[symbol]), PAYLOAD,
             f"escaped code {code} has a frequency")
        return code

    def turn(self) -> None:
        """The first state alone goes on; the others hold words, which come next."""
        need(all(x >> 16 == 1 for x in self.states[1:]), PAYLOAD, "a lane's last state")
        self.words[self.front:self.front] = [x & 0xffff for x in self.states[1:]]
        self.back += len(self.states) - 1
        self.states = self.states[:1]

    def end(self) -> None:
        need(all(x == 1 << 15 for x in self.states), PAYLOAD, "a last state that is not 2^15")
        need(self.front == self.back, PAYLOAD, "words and escaped codes do not meet")


def lane_count(codes: int, most: int) -> int:
    lanes = 1
    while 2 * lanes <= most and codes >= 1024 * 2 * lanes:
        lanes *= 2
    return lanes


def rans_by_plane(data: bytes, planes: List[Tuple[Model, Plane]], size: int) -> np.ndarray:
    """Codes of planes that have one model each, (planes, size)."""
    lanes = lane_count(len(planes) * size, 16)
    stream = RansReader(data, lanes)
    codes = np.zeros((len(planes), size), np.int32)
    for k, (model, plane) in enumerate(planes):
        for i in range(size):
            codes[k, i] = stream.code(i % lanes, model, plane)
    stream.end()
    return codes


def rans_by_context(data: bytes, planes: List[Tuple[List[Model], Plane]], rows: int,
                    columns: int) -> np.ndarray:
    """Codes of planes whose models go by neighbourhood, (planes, rows, columns)."""
    lanes = lane_count(len(planes) * rows * columns, min(16, len(planes)))
    stream = RansReader(data, lanes)
    codes = np.zeros((len(planes), rows, columns), np.int32)
    # Magnitudes with a border of 0: position (row, column) stands at (row + 1, column + 1).
    near = [[[0] * (columns + 2) for _ in range(rows + 1)] for _ in planes]
    for group in range(0, len(planes), lanes):
        for row in range(rows):
            for column in range(columns):
                for k in range(group, min(group + lanes, len(planes))):
                    up, own = near[k][row], near[k][row + 1]
                    t = 2 * own[column] + 2 * up[column + 1] + up[column] + up[column + 2]
                    context = sum(t >= bound for bound in BOUNDS)
                    models, plane = planes[k]
                    code = stream.code(k - group, models[context], plane)
                    own[column + 1] = min(abs(code), 255)
                    codes[k, row, column] = code
    stream.end()
    return codes


# ----------------------------------------------------------------------------------------------------
# Payloads of tiles (frame.md)


# ----------------------------------------------------------------------------------------------------
# Coder smallest2 (smallest2.md)

LEVELS = (2, 3, 5, 8, 11, 16, 21, 29, 39, 52, 69, 90, 119, 156, 205, 256, 320, 448, 576, 768, 1024, 1344, 1792, 2304,
          3008, 3968, 5120, 6720, 8704, 11264, 14848)
PLACES = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0), (-1, -2), (-1, 2), (-2, -1), (-2, 1), (0, -3), (-3, 0))


@dataclass
class Taps:
    """What an edge of the coder smallest2 has besides models."""

    grid: int
    magnitude: List[int]
    signed: Optional[List[int]]
    flat: bool
    offsets: List[int]
    relative: List[bool]

    def around(self, codes: List[int], i: int, columns: int) -> List[int]:
        """The taps of code i of a plane."""
        out = []
        for down, right in PLACES:
            if self.grid > 0:
                at = i + down * self.grid + right
                out.append(codes[at] if at >= 0 else 0)
                continue
            row, column = i // columns + down, i % columns + right
            if row < 0:
                row, column = 0, column - 1
                if i < columns:
                    column = min(column, i - 1)
                if column < 0:
                    out.append(0)
                    continue
            if column >= 0:
                out.append(codes[row * columns + min(column, columns - 1)])
            else:
                out.append(codes[(row - 1) * columns] if row > 0 else 0)
        return out

    def plain_class(self, taps: List[int], m: int, signed: int) -> int:
        if self.signed is not None:
            s = signed + sum(weight * max(-127, min(127, tap)) for weight, tap in zip(self.signed, taps))
            n = sum(abs(s) > ((m + 15) * bound + 16384) >> 15 for bound in (3932, 13107, 26214))
            return 3 - n if s < 0 else 3 + n
        d = min(63, max(taps[:4]) - min(taps[:4]))
        return sum(unit * d >= m + 51 for unit in (427, 183, 116, 80, 58, 43))

    def same_class(self, taps: List[int]) -> int:
        """The class by which taps are the same, or -1."""
        w, n, nw, ne, ww, _, nww = taps[:7]
        if w == n == nw == ne:
            if w == 0:
                return -1
            if not self.flat:
                return 7
            count = sum(tap == w for tap in taps[4:])
            return 9 if count == 8 else 8 if count >= 6 else 7
        if not self.flat:
            return -1
        if w == n == nw:
            return 14
        if w == nw:
            return 11 if ww == nww else 10
        if n == nw:
            return 13 if ww == w else 12
        return 15 if w == n else -1

    def context(self, codes: List[int], i: int, columns: int, offset: int, signed: int = 0) -> Tuple[int, int]:
        """Context and prediction; offset and signed are added to the expected magnitude and to the sum of codes."""
        taps = self.around(codes, i, columns)
        m = offset + sum(weight * min(127, abs(tap)) for weight, tap in zip(self.magnitude, taps))
        m = max(0, min(32752, m))
        level = sum(m >= bound for bound in LEVELS)
        prediction = sorted((taps[0], taps[1], taps[0] + taps[1] - taps[2]))[1]
        z = self.same_class(taps)
        if z < 0:
            z = self.plain_class(taps, m, signed)
        return (16 * (level >> 1) + z if self.flat else 8 * level + z), prediction


def read_weights(r: Reader) -> List[int]:
    weights = [r.i8() for _ in range(12)]
    r.need(sum(abs(weight) for weight in weights) <= 255, "weights")
    return weights


def read_taps(r: Reader, edge: Edge) -> Taps:
    r.need(edge.m == 0 and edge.apart == 0 and edge.columns <= 65536, "smallest2 on an edge that it cannot store")
    grid = r.count(1024, "codes in a row of a grid")
    r.need(grid == 0 or (grid >= 4 and edge.columns == 1), "grid")
    return read_fields(r, edge, grid)


def read_fields(r: Reader, edge: Edge, grid: int) -> Taps:
    magnitude = read_weights(r)
    signed = None if edge.one_sided else read_weights(r)
    flat = bool(r.bools(1)[0])
    base = struct.unpack("<h", r.take(2))[0]
    unit = r.u8()
    parts = list(r.take(edge.channels)) if unit > 0 else [0] * edge.channels
    offsets = [min(32767, base + unit * part) for part in parts]
    return Taps(grid, magnitude, signed, flat, offsets, r.bools(256).tolist())


@dataclass
class Earlier:
    """What an edge has beside an earlier one: for magnitudes, and if it is two-sided for codes, the weight of what lies around and
    those of channels."""

    edge: int
    taps: Taps
    cross: List[int]
    center: List[List[int]]
    model_numbers: List[int]
    models: List[Model] = field(default_factory=list)

    def adds(self, other: List[int], i: int, columns: int, channel: int) -> Tuple[int, int]:
        """What is added to the expected magnitude, and to the sum of codes, of code i of a plane; other is that of the earlier edge."""
        grid = self.taps.grid
        places = [i - (grid or columns), i + (grid or columns)]
        if grid or i % columns > 0:
            places.append(i - 1)
        if grid or i % columns < columns - 1:
            places.append(i + 1)
        around = [other[at] for at in places if 0 <= at < len(other)]
        m = self.center[0][channel] * abs(other[i]) + self.cross[0] * sum(abs(code) for code in around)
        if len(self.cross) == 1:
            return m, 0
        return m, self.center[1][channel] * other[i] + self.cross[1] * sum(around)


def read_earlier(r: Reader, edge: Edge) -> Earlier:
    assert edge.taps is not None
    number = r.count(MAX_EDGES - 1, "number of an earlier edge")
    taps = read_fields(r, edge, edge.taps.grid)
    cross, center = [], []
    for weights in [taps.magnitude] + ([taps.signed] if taps.signed is not None else []):
        cross.append(r.i8())
        own = np.frombuffer(r.take(edge.channels), np.int8).astype(int)
        most = sum(abs(w) for w in weights) + 4 * abs(cross[-1]) + int(abs(own).max())
        r.need(most <= 255, "weights of an earlier edge")
        center.append(own.tolist())
    return Earlier(number, taps, cross, center, list(r.take(256)))


def check_earlier(before: List[Edge], edge: Edge) -> None:
    """An earlier edge is one, of the same coder and shape."""
    if edge.earlier is None:
        return
    need(edge.earlier.edge < len(before), HEADER, f"{edge.name}: edge {edge.earlier.edge} is not an earlier one")
    other = before[edge.earlier.edge]
    need(other.coder == SMALLEST2 and (other.channels, other.rows, other.columns) == (edge.channels, edge.rows, edge.columns),
         HEADER, f"{edge.name}: an earlier edge of another kind")


def taps_codes(edge: Edge, data: bytes, channels: slice, rows: int, lanes: int, other: Optional[np.ndarray]) -> np.ndarray:
    """Codes of a tile, (channels, rows, columns); other are those of the earlier edge, or nothing."""
    assert edge.taps is not None
    taps, models, beside = edge.taps, edge.models, []
    if other is not None:
        assert edge.earlier is not None
        taps, models = edge.earlier.taps, edge.earlier.models
        beside = np.clip(other, -127, 127).reshape(channels.stop - channels.start, -1).tolist()
    count, size = channels.stop - channels.start, rows * edge.columns
    need(lanes <= count, PAYLOAD, "more lanes than planes")
    need(len(data) >= 4 * lanes, PAYLOAD, f"{len(data)} bytes of rANS")
    tail = 0
    if lanes > 1:
        need(len(data) >= 4 * lanes + 2, PAYLOAD, "no tail")
        tail = struct.unpack("<H", data[4 * lanes:4 * lanes + 2])[0]
        need(1 <= tail <= size, PAYLOAD, f"a tail of {tail}")
        data = data[:4 * lanes] + data[4 * lanes + 2:]
    stream = RansReader(data, lanes)
    codes: List[List[int]] = [[] for _ in range(count)]
    whole = edge.plane(False)
    for group in range(0, count, 16):
        for i in range(size):
            if lanes > 1 and group + 16 >= count and i == size - tail:
                stream.turn()
                lanes = 1
            for k in range(group, min(group + 16, count)):
                offset, signed = taps.offsets[channels.start + k], 0
                if edge.earlier is not None and other is not None:
                    more, signed = edge.earlier.adds(beside[k], i, edge.columns, channels.start + k)
                    offset += more
                context, prediction = taps.context(codes[k], i, edge.columns, offset, signed)
                first = prediction - (1 << (edge.n - 1)) if taps.relative[context] else whole.first
                code = stream.code((k - group) % lanes, models[context], whole._replace(first=first))
                need(whole.lowest <= code <= whole.highest, PAYLOAD, f"code {code}")
                codes[k].append(code)
    stream.end()
    return np.array(codes, np.int32).reshape(count, rows, edge.columns)


def decode_tile(edge: Edge, data: bytes, channels: slice, rows: int, other: Optional[np.ndarray] = None) -> np.ndarray:
    """Whole codes of a tile (of important channels before the shift; bases if bits are apart); other are those of an earlier edge."""
    important = edge.important[channels]
    shape = (len(important), rows, edge.columns)
    if edge.coder in (RAW, PAPER):
        return decode_two_parts(edge, data, important, shape)
    r = Reader(data, "tile", PAYLOAD)
    mode = r.u8()
    rest = r.take(r.left())
    planes = [edge.plane(bool(flag)) for flag in important]
    if edge.coder == SMALLEST2 and mode > 250:
        codes = taps_codes(edge, rest, channels, rows, 1 << (255 - mode), None)
    elif edge.earlier is not None and mode > 245:
        codes = taps_codes(edge, rest, channels, rows, 1 << (250 - mode), other)
    elif mode != 255 or edge.coder == SMALLEST2:
        codes = plain_codes(rest, mode, shape, not edge.unsigned)
    elif edge.coder == FAST:
        assert edge.prefix is not None
        codes = fast_codes(rest, shape[0] * shape[1] * shape[2], edge.prefix).reshape(shape)
    else:
        models = [edge.channel_models(c) for c in range(channels.start, channels.stop)]
        if edge.coder == SMALL:
            pairs = [(own[0], plane) for own, plane in zip(models, planes)]
            codes = rans_by_plane(rest, pairs, rows * edge.columns).reshape(shape)
        else:
            codes = rans_by_context(rest, list(zip(models, planes)), rows, edge.columns)
    lowest = np.array([plane.lowest for plane in planes]).reshape(-1, 1, 1)
    highest = np.array([plane.highest for plane in planes]).reshape(-1, 1, 1)
    need(bool(((lowest <= codes) & (codes <= highest)).all()), PAYLOAD, "a code that may not be")
    return codes


def decode_two_parts(edge: Edge, data: bytes, important: np.ndarray,
                     shape: Tuple[int, int, int]) -> np.ndarray:
    """Coders raw and paper: codes, then shift errors of the important channels."""
    count, bits = shape[0] * shape[1] * shape[2], edge.n - edge.apart
    split = planes_size(count, bits)
    codes = bit_planes(data[:split], count, bits, not edge.unsigned).reshape(shape)
    errors = int(important.sum()) * shape[1] * shape[2]
    if errors == 0:
        need(len(data) == split, PAYLOAD, "bytes after the codes")
        return codes
    if edge.coder == RAW:
        shift = bit_planes(data[split:], errors, edge.m, False)
    else:
        shift = huffman_errors(data[split:], errors, edge.m, edge.table)
    codes[important] = codes[important] * (1 << edge.m) + shift.reshape(-1, shape[1], shape[2])
    return codes


def plain_codes(data: bytes, width: int, shape: Tuple[int, int, int], signed: bool) -> np.ndarray:
    """Codes of 0..16 bits: planes of the low 8 bits, then of the others."""
    need(width <= 16, PAYLOAD, f"a tile's first byte is {width}")
    count, low = shape[0] * shape[1] * shape[2], min(width, 8)
    need(len(data) == planes_size(count, width), PAYLOAD, f"{len(data)} bytes of plain codes")
    if width == 0:
        return np.zeros(shape, np.int32)
    split = planes_size(count, low)
    codes = bit_planes(data[:split], count, low, False)
    if width > 8:
        codes = codes + (bit_planes(data[split:], count, width - 8, False) << 8)
    return sign_extend(codes, width, signed).reshape(shape)


def decode_refinement(edge: Edge, data: bytes, bases: np.ndarray) -> np.ndarray:
    """Low bits of a tile's codes, in the shape of their bases."""
    if edge.coder == RAW:
        return bit_planes(data, bases.size, edge.apart, False).reshape(bases.shape)
    r = Reader(data, "refinement", PAYLOAD)
    low = np.zeros(bases.shape, np.int32)
    classes = np.clip(bases, -2, 2) + 2
    plane = Plane(edge.apart, 0, 0, (1 << edge.apart) - 1)
    for number in range(5):
        members = classes == number
        count = int(members.sum())
        if count == 0:
            continue
        part = Reader(r.take(r.uvarint()), f"class {number}", PAYLOAD)
        mode = part.u8()
        part.need(mode in (edge.apart, 255), f"first byte is {mode}")
        rest = part.take(part.left())
        if mode == 255:
            low[members] = rans_by_plane(rest, [(edge.class_model(number), plane)], count)[0]
        else:
            low[members] = bit_planes(rest, count, edge.apart, False)
    r.end()
    return low


# ----------------------------------------------------------------------------------------------------
# Values (numerics.md)


def splitmix64(seed: int, count: int) -> np.ndarray:
    """The first outputs of the generator."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


def led_back(edge: Edge, components: np.ndarray) -> np.ndarray:
    """Values of channels that components stand for: summed up component by component, every step rounded."""
    values = np.zeros_like(components)
    for column, component in zip(edge.matrix, components):
        values += column.reshape(-1, 1, 1) * component
    return values + edge.centre.reshape(-1, 1, 1)


def edge_values(edge: Edge, scales: np.ndarray, wide: np.ndarray, base_only: bool,
                lacks: np.ndarray) -> np.ndarray:
    """Values of an edge in the order in which its tensor lies in memory."""
    scale = np.array([scales[edge.slot(c)] for c in range(edge.channels)], np.float32).reshape(-1, 1, 1)
    with np.errstate(all="ignore"):
        if edge.level_map == NOISY:
            z = splitmix64(edge.seed, wide.size).reshape(wide.shape)
            u = ((z >> np.uint64(40)).astype(np.int32) - (1 << 23)).astype(np.float32)
            u = u * np.float32(2.0 ** -23)
            noise = edge.amplitude * u
            values = scale * (wide.astype(np.float32) - noise)
            values = np.where(scale == 0, np.float32(0), values)
        elif base_only and edge.apart > 0:
            half = np.float32(((1 << edge.apart) - 1) / 2)
            middle = (wide * (1 << edge.apart)).astype(np.float32) + half
            values = scale * middle
            if edge.one_sided:
                values = np.where(wide == 0, np.float32(0), values)
        else:
            values = scale * wide.astype(np.float32)
        values = np.where(lacks == 0, values, values + lacks.astype(np.float32) * (scale / np.float32(16)))
        if edge.transformed:
            values = led_back(edge, values)
    assert values.dtype == np.float32
    return (values.transpose(1, 2, 0) if edge.channels_last else values).reshape(-1)


# ----------------------------------------------------------------------------------------------------
# Frame (frame.md)


def read_record(r: Reader, edge: Edge, has_scales: bool) -> Tuple[np.ndarray, List[int]]:
    """Scales and lengths of payloads, of an edge or of a refinement (without scales)."""
    start = r.pos
    scales = np.zeros(0, np.float32)
    if has_scales:
        count = r.count(MAX_CHANNELS, "scales")
        r.need(count == (0 if edge.static else edge.slots), f"{count} scales")
        scales = r.f32s(count)
    tiles = r.count(MAX_TILES, "tiles")
    r.need(tiles == edge.tile_count(), f"{tiles} tiles")
    r.need(tiles <= r.left(), "lengths of tiles are missing")
    lengths = [r.count(MAX_INT31, "bytes of a payload") for _ in range(tiles)]
    crc = crc32c(r.data[start:r.pos])
    r.need(r.u32() == crc, f"record of {edge.name}", CHECKSUM)
    r.need(are_steps(scales), "a scale that is no scale")
    r.need(sum(lengths) + 4 * tiles <= r.left(), "payloads of tiles are missing")
    return scales, lengths


def read_payload(r: Reader, length: int) -> bytes:
    data = r.take(length)
    r.need(r.u32() == crc32c(data), "payload", CHECKSUM)
    return data


def split_means(edge: Edge, payload: bytes, channels: int) -> Tuple[bytes, np.ndarray]:
    """A tile's payload without the means of its channels, and these."""
    if not edge.means:
        return payload, np.zeros(channels, np.int32)
    at = len(payload) - planes_size(channels, 5)
    need(at >= 0, PAYLOAD, "no room for means of channels")
    return payload[:at], bit_planes(payload[at:], channels, 5, True)


def read_frame_edge(r: Reader, edge: Edge, other: Optional[np.ndarray]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scales by slot, codes (channels, rows, columns) and what means lack (the same); other are the codes of its earlier edge."""
    r.where = f"edge {edge.name}"
    scales, lengths = read_record(r, edge, True)
    codes = np.zeros((edge.channels, edge.rows, edge.columns), np.int32)
    lacks = np.zeros((edge.channels, edge.rows, 1), np.int32)
    for (channels, rows), length in zip(edge.tiles(), lengths):
        payload, means = split_means(edge, read_payload(r, length), channels.stop - channels.start)
        beside = other[channels, rows] if other is not None else None
        codes[channels, rows] = decode_tile(edge, payload, channels, rows.stop - rows.start, beside)
        lacks[channels, rows] = means.reshape(-1, 1, 1)
    return (edge.steps if edge.steps is not None else scales), codes, lacks


def read_frame_refinement(r: Reader, edge: Edge, codes: Optional[np.ndarray]) -> None:
    """Turns bases into codes; without codes, looks at structure and checksums only."""
    r.where = f"refinement of {edge.name}"
    _, lengths = read_record(r, edge, False)
    for (channels, rows), length in zip(edge.tiles(), lengths):
        payload = read_payload(r, length)
        if codes is not None:  # otherwise structure and checksums are all that counts
            low = decode_refinement(edge, payload, codes[channels, rows])
            codes[channels, rows] = codes[channels, rows] * (1 << edge.apart) + low


def decode_frame(profile: Profile, data: bytes, base_only: bool = False) -> List[Tuple[Edge, np.ndarray]]:
    """Every edge of a .dqaf file with its values; raises Refused."""
    r = Reader(data, "frame")
    r.need(r.take(4) == b"DQAF", "magic")
    r.need(r.u8() == 1, "version")
    digest, edges, refinements, base_size = r.take(16), r.u32(), r.u32(), r.u32()
    r.need(r.u32() == crc32c(data[:FRAME_HEADER - 4]), "header", CHECKSUM)
    r.need(digest == profile.digest[:16], "made with another profile", PROFILE)
    r.need(edges <= MAX_EDGES, f"{edges} edges", LIMIT)
    r.need(refinements <= edges, f"{refinements} refinements of {edges} edges", LIMIT)
    r.need(edges == len(profile.edges), f"{edges} edges, the profile has {len(profile.edges)}")
    r.need(refinements == sum(e.apart > 0 for e in profile.edges), f"{refinements} refinements")
    r.need(FRAME_HEADER <= base_size <= len(data), f"base size {base_size}")
    base = Reader(data[:base_size], "frame")
    base.pos = FRAME_HEADER
    decoded: List[Tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for edge in profile.edges:
        decoded.append(read_frame_edge(base, edge, None if edge.earlier is None else decoded[edge.earlier.edge][1]))
    base.end()
    cut = len(data) == base_size
    if refinements == 0:
        need(cut, HEADER, "bytes after the last edge")
    base_only = base_only or cut
    if not cut:
        r.pos = base_size
        for edge, (_, codes, _) in zip(profile.edges, decoded):
            if edge.apart > 0:
                read_frame_refinement(r, edge, None if base_only else codes)
        r.end()
    return [(edge, edge_values(edge, scales, codes, base_only, lacks))
            for edge, (scales, codes, lacks) in zip(profile.edges, decoded)]


# ----------------------------------------------------------------------------------------------------
# Programs


def run_vector(vector: dict, profiles: Dict[str, Profile]) -> str:
    """What is wrong, or nothing."""
    data = base64.b64decode(vector["bytes"])
    edges: List[Tuple[Edge, np.ndarray]] = []
    cause, detail = "ok", ""
    try:
        if vector["file"] == "profile":
            profile = read_profile(data)
            for name, read in (("reference", read_reference), ("lineage", read_lineage)):
                if section_line(read, profile) != vector.get(name, ""):
                    return f"{name}: {section_line(read, profile)}"
        else:
            edges = decode_frame(profiles[vector["profile"]], data, vector.get("base_only", False))
    except Refused as refused:
        cause, detail = refused.cause, refused.detail
    except Exception as other:  # none may escape: a failure of this program
        return f"{type(other).__name__}: {other}"
    if cause != vector["cause"]:
        return f"{cause} ({detail}), not {vector['cause']}"
    if cause != "ok" or vector["file"] == "profile":
        return ""
    if [edge.name for edge, _ in edges] != [wanted["name"] for wanted in vector["edges"]]:
        return "other names of edges"
    for (edge, values), wanted in zip(edges, vector["edges"]):
        good = np.frombuffer(base64.b64decode(wanted["values"]), "<u4")
        bits = values.view(np.uint32)
        if len(good) != len(bits):
            return f"edge {edge.name}: {len(bits)} values, not {len(good)}"
        if (good != bits).any():
            i = int(np.nonzero(good != bits)[0][0])
            return (f"edge {edge.name}: {(good != bits).sum()} of {len(bits)} values differ, number {i} is "
                    f"{values[i]!r}, not {good.view(np.float32)[i]!r}")
    return ""


def run_vectors(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    profiles = {}
    failures = 0
    for name, text in vectors["profiles"].items():
        try:
            profiles[name] = read_profile(base64.b64decode(text))
        except Refused as refused:
            print(f"profile {name}: {refused}")
            failures += 1
    for vector in vectors["vectors"]:
        if vector["file"] == "frame" and vector["profile"] not in profiles:
            wrong = f"no profile {vector['profile']}"
        else:
            wrong = run_vector(vector, profiles)
        if wrong:
            print(f"{vector['name']}: {wrong}")
            failures += 1
    print(f"{len(vectors['vectors'])} vectors, {failures} failures")
    return 1 if failures else 0


def run_decode(profile_path: str, frame_path: str, base_only: bool) -> int:
    with open(profile_path, "rb") as file:
        profile_bytes = file.read()
    with open(frame_path, "rb") as file:
        frame_bytes = file.read()
    try:
        for edge, values in decode_frame(read_profile(profile_bytes), frame_bytes, base_only):
            crc = crc32c(values.astype("<f4").tobytes())
            print(f"{edge.name} {edge.channels}x{edge.rows}x{edge.columns} {crc:08x} {values[:4].tolist()}")
    except Refused as refused:
        print(f"refused, {refused}")
        return 1
    return 0


def selftest() -> int:
    """The worked examples of coders.md and fast.md, and known values of CRC-32C and splitmix64."""
    assert crc32c(b"123456789") == 0xE3069283
    assert splitmix64(0, 2).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    lengths = [1, 3, 3, 4, 4, 4, 5, 5]
    words = [f"{word:0{length}b}" for word, length in zip(canonical_words(lengths), lengths)]
    assert words == "0 100 101 1100 1101 1110 11110 11111".split(), words
    errors = huffman_errors(bytes.fromhex("f12107"), 4, 3, lengths)
    assert errors.tolist() == [1, 0, 7, 5], errors
    symbols = [1, 3, 7, 6, 6, 3, 7, 3, 6, 6, 7, 7, 7, 7, 7, 7]
    code = PrefixCode(-128, 127, 1, 2, 1, symbols, [1, 2, 0, 0, 0, 0, 0])
    code.check()
    words = [f"{word:0{length}b}" for word, length in zip(canonical_words(code.lengths), code.lengths)]
    assert words[0] == "0" and words[9] == "111011" and words[15] == "1111111", words
    stream = bytes.fromhex("0a 03 03 02 03 03 01  01  02 01  04")
    codes = fast_codes(stream, 9, code)
    assert codes.tolist() == [1, 1, 0, 2, 1, 1, 3, -5, 1], codes
    print("selftest: ok")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="slow reference decoder of DQA profiles and frames")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("vectors").add_argument("file")
    decode = commands.add_parser("decode")
    decode.add_argument("--profile", required=True)
    decode.add_argument("frame")
    decode.add_argument("--base-only", action="store_true")
    commands.add_parser("selftest")
    args = parser.parse_args()
    if args.command == "vectors":
        return run_vectors(args.file)
    if args.command == "decode":
        return run_decode(args.profile, args.frame, args.base_only)
    return selftest()


if __name__ == "__main__":
    sys.exit(main())

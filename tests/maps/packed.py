"""What a page holds, read without the page's own scripts."""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np

from app.maps.plan_shapes import LINE_STEPS_PER_DEGREE
from app.maps.shapes import STEPS_PER_DEGREE

BLOCK = re.compile(r'<script type="application/json" id="plan-data">(.*?)</script>', re.DOTALL)


def unpack(text):
    """Return the values and the columns of a block."""
    content = zlib.decompress(base64.b64decode(text, validate=True))
    size = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + size])
    at = 4 + size
    columns = {}
    for name, count, width in head["columns"]:
        planes = np.frombuffer(content, np.uint8, count * width, at).reshape(width, count).astype(np.int64)
        at += count * width
        numbers = (planes << 8 * np.arange(width)[:, None]).sum(axis=0)
        columns[name] = np.where(numbers % 2 == 1, -(numbers + 1) // 2, numbers // 2)
    assert at == len(content)
    return head["values"], columns


def lines_of(columns, name):
    """Return the lines that the columns of a name hold, in steps."""
    points = np.cumsum(np.column_stack([columns[f"{name}X"], columns[f"{name}Y"]]), axis=0)
    return np.split(points, np.cumsum(columns[f"{name}Length"])[:-1])


def outlines_of(columns):
    """Return the rings and lines that are made of arcs, in steps: grids, then communities, then borders."""
    arcs = lines_of(columns, "arc")
    met = 0
    used = []
    for number in columns["arcUse"].tolist():
        used.append(arcs[met] if number == 0 else arcs[met - number] if number > 0 else arcs[met + number][::-1])
        met += number == 0
    assert met == len(arcs)
    places = np.split(np.arange(len(used)), np.cumsum(columns["arcUses"])[:-1])
    return [
        np.concatenate([used[place][bool(number) :] for number, place in enumerate(own.tolist())]) for own in places
    ]


def share(lines, *counts):
    """Share lines out: for each of the counts, its lines."""
    ends = np.cumsum(np.concatenate(counts))
    return [lines[end - count : end] for end, count in zip(ends, np.concatenate(counts), strict=True)]


def read_page(page):
    """Return all that a page of a plan holds, under the names that it has there; shapes in degrees."""
    page = json.loads(BLOCK.search(page)[1])
    values, columns = unpack(page["packed"])
    outlines = [ring / STEPS_PER_DEGREE for ring in outlines_of(columns)]
    counts = [columns[name] for name in ("gridRings", "communityRings", "barrierLines")]
    shares = share(outlines, *counts)
    grids = [dict(zip(values["grids"], row, strict=True)) for row in zip(*values["grids"].values(), strict=True)]
    for grid, rings in zip(grids, shares, strict=False):
        grid["rings"] = rings
    communities = [
        dict(zip(values["communities"], row, strict=True)) for row in zip(*values["communities"].values(), strict=True)
    ]
    for community, rings in zip(communities, shares[len(grids) :], strict=False):
        community["rings"] = rings
    lines = shares[len(grids) + len(communities) :]
    streets = share([line / LINE_STEPS_PER_DEGREE for line in lines_of(columns, "street")], columns["classLines"])
    neighbours = zip(
        columns["neighbourLeft"].tolist(),
        columns["neighbourRight"].tolist(),
        [values["neighbourBarriers"][number] for number in columns["neighbourBarrier"]],
        [values["neighbourNames"][number] for number in columns["neighbourName"]],
        columns["neighbourMetres"].tolist(),
        strict=True,
    )
    return (
        page
        | values
        | {
            "grids": grids,
            "communities": communities,
            "neighbours": [list(row) for row in neighbours],
            "borders": dict(zip(values["barriers"], lines, strict=True)),
            "streets": dict(zip(values["streetClasses"], streets, strict=True)),
            "streetNames": [values["streetNames"][number] for number in columns["nameText"]],
        }
    )

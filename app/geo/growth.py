"""First partitions of the unit graph: parts grown from far-apart seeds, the lightest first."""

from __future__ import annotations

import numba
import numpy as np

from app.geo.partition import Bools, Floats, Ints, UnitGraph

__all__ = ["grow"]


def grow(graph: UnitGraph, parts: int, rng: np.random.Generator) -> Ints:
    """Draw a first partition into `parts` contiguous parts; every unit of a connected graph is in one."""
    return np.asarray(
        _grow(graph.households, graph.start, graph.neighbour, graph.cost, graph.link, graph.locked, parts, rng)
    )


@numba.njit(cache=True)
def _grow(
    h: Floats, start: Ints, nbr: Ints, cost: Floats, link: Bools, locked: Ints, parts: int, rng: np.random.Generator
) -> Ints:
    """Grow parts from far-apart seeds, the lightest first; -1 remains where no part can reach."""
    n = len(h)
    assign = np.full(n, -1, np.int64)
    taken = np.zeros(parts, np.bool_)
    for u in range(n):
        if locked[u] >= 0:
            assign[u] = locked[u]
            taken[locked[u]] = True
    distance = np.full(n, 1 << 30, np.int64)
    queue = np.zeros(n, np.int64)
    for g in range(-1, parts):
        if g >= 0 and taken[g]:
            continue
        if g >= 0:
            # the next seed: far from all others, ties by chance
            best = -1
            score = -1.0
            for u in range(n):
                if assign[u] < 0:
                    s = float(min(distance[u], n)) + rng.random() * 3.0
                    if s > score:
                        score = s
                        best = u
            if best < 0:
                break
            assign[best] = g
        # distances from everything assigned so far
        head = 0
        tail = 0
        for u in range(n):
            distance[u] = 1 << 30
            if assign[u] >= 0:
                distance[u] = 0
                queue[tail] = u
                tail += 1
        while head < tail:
            v = queue[head]
            head += 1
            for k in range(start[v], start[v + 1]):
                t = nbr[k]
                if link[k] and distance[t] > distance[v] + 1:
                    distance[t] = distance[v] + 1
                    queue[tail] = t
                    tail += 1
    load = np.zeros(parts)
    for u in range(n):
        if assign[u] >= 0:
            load[assign[u]] += h[u]
    closed = np.zeros(parts, np.bool_)
    while True:
        g = -1
        for k in range(parts):
            if not closed[k] and (g < 0 or load[k] < load[g]):
                g = k
        if g < 0:
            break
        best = -1
        score = 1e18
        for u in range(n):
            if assign[u] >= 0:
                continue
            held = 0.0
            touches = False
            around = 0.0
            for k in range(start[u], start[u + 1]):
                around += abs(cost[k])
                if assign[nbr[k]] == g:
                    held += cost[k]
                    touches = touches or link[k]
            if touches:
                s = -held / (around + 1e-9) + rng.random() * 0.3
                if s < score:
                    score = s
                    best = u
        if best < 0:
            closed[g] = True
        else:
            assign[best] = g
            load[g] += h[best]
    return assign

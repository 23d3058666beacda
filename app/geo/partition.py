"""Partition of the unit graph into grids: simulated annealing over single flips and swaps, contiguity kept exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Energy", "UnitGraph", "anneal", "band_distance", "grow"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class UnitGraph:
    """Units of one community and their common borders, as a symmetric adjacency in compressed rows.

    Attributes
    ----------
    households, persons, workload
        What each unit holds, shape (n,).
    area, sx, sy, s2
        Moments of each unit about a common origin: ∫1, ∫x, ∫y, ∫x²+y², in metres, shape (n,).
    start, neighbour
        Row u is `neighbour[start[u]:start[u + 1]]`.
    cost
        What is gained or lost by a border between the two, weighted metres; negative where a border is wanted.
    link
        Whether the common border is wide enough to hold one grid together.
    locked
        Part in which a unit has to stay, -1 where it is free.
    region
        Region between hard barriers that an inhabited unit lies in; -1 for units without households, which no one has
        to cross a barrier for.
    """

    households: Floats
    persons: Floats
    workload: Floats
    area: Floats
    sx: Floats
    sy: Floats
    s2: Floats
    start: Ints
    neighbour: Ints
    cost: Floats
    link: Bools
    locked: Ints
    region: Ints

    def __len__(self) -> int:
        return len(self.households)


@dataclass(frozen=True)
class Energy:
    """What a partition is charged for, in weighted metres of border."""

    low: float
    high: float
    max_persons: float
    out_of_band: float = 150.0
    per_household: float = 6.0
    balance: float = 60.0
    workload: float = 0.0
    shape: float = 220.0
    crossing: float = 600.0
    """For each further region between hard barriers that a grid reaches into."""


@numba.njit(cache=True)
def _part_energy(
    h: float, p: float, w: float, a: float, x: float, y: float, s: float, mean: float, mean_w: float, e: Floats
) -> float:
    out = 0.0
    if h < e[0]:
        out = e[0] - h
    elif h > e[1]:
        out = h - e[1]
    energy = 0.0
    if out > 0:
        energy += e[3] + e[4] * out
    if p > e[2]:
        energy += e[3] + e[4] * (p - e[2]) / 3.0
    if mean > 0:
        energy += e[5] * ((h - mean) / mean) ** 2
    if mean_w > 0:
        energy += e[6] * ((w - mean_w) / mean_w) ** 2
    if a > 0:
        inertia = s - (x * x + y * y) / a
        energy += e[7] * (1.0 - a * a / (2 * np.pi * inertia + 1e-9))
    return energy


@numba.njit(cache=True)
def _connected_without(
    u: int, part: int, assign: Ints, start: Ints, nbr: Ints, link: Bools, mark: Ints, stack: Ints, stamp: int
) -> bool:
    """Whether the part stays one piece, and stays at all, when u leaves it."""
    first = -1
    wanted = 0
    for k in range(start[u], start[u + 1]):
        v = nbr[k]
        if link[k] and assign[v] == part and v != u:
            wanted += 1
            first = v
    if wanted == 0:
        return False
    if wanted == 1:
        return True
    # walk from one neighbour until all others are met
    top = 0
    stack[0] = first
    mark[first] = stamp
    mark[u] = stamp
    found = 1
    while top >= 0:
        v = stack[top]
        top -= 1
        for k in range(start[v], start[v + 1]):
            t = nbr[k]
            if link[k] and assign[t] == part and mark[t] != stamp:
                mark[t] = stamp
                top += 1
                stack[top] = t
                for m in range(start[u], start[u + 1]):
                    if nbr[m] == t and link[m]:
                        found += 1
                        break
                if found == wanted:
                    return True
    return found == wanted


@numba.njit(cache=True)
def _one_piece(
    part: int,
    size: int,
    seed: int,
    assign: Ints,
    start: Ints,
    nbr: Ints,
    link: Bools,
    mark: Ints,
    stack: Ints,
    stamp: int,
) -> bool:
    """Whether the part of `size` units, `seed` among them, is one piece."""
    top = 0
    stack[0] = seed
    mark[seed] = stamp
    found = 1
    while top >= 0:
        v = stack[top]
        top -= 1
        for k in range(start[v], start[v + 1]):
            t = nbr[k]
            if link[k] and assign[t] == part and mark[t] != stamp:
                mark[t] = stamp
                found += 1
                top += 1
                stack[top] = t
    return found == size


@numba.njit(cache=True)
def _move_branch(
    u: int,
    a: int,
    b: int,
    assign: Ints,
    size: Ints,
    stats: Floats,
    held: Ints,
    part_e: Floats,
    totals: Floats,
    h: Floats,
    p: Floats,
    w: Floats,
    area: Floats,
    sx: Floats,
    sy: Floats,
    s2: Floats,
    start: Ints,
    nbr: Ints,
    cost: Floats,
    link: Bools,
    locked: Ints,
    region: Ints,
    mark: Ints,
    stack: Ints,
    branch: Ints,
    stamp: int,
    temperature: float,
    e: Floats,
    rng: np.random.Generator,
) -> int:
    """Move u from a to b together with what only it holds to a; the heaviest of the pieces around it stays."""
    stamp += 1
    mark[u] = stamp
    best_load = -1.0
    best_from = 0
    best_to = 0
    filled = 0
    for k0 in range(start[u], start[u + 1]):
        v0 = nbr[k0]
        if not link[k0] or assign[v0] != a or mark[v0] == stamp:
            continue
        begin = filled
        branch[filled] = v0
        filled += 1
        mark[v0] = stamp
        head = begin
        load = 0.0
        while head < filled:
            v = branch[head]
            head += 1
            load += h[v] + 1e-3
            for k in range(start[v], start[v + 1]):
                t = nbr[k]
                if link[k] and assign[t] == a and mark[t] != stamp:
                    mark[t] = stamp
                    branch[filled] = t
                    filled += 1
        if load > best_load:
            best_load = load
            best_from = begin
            best_to = filled
    if filled == 0:
        return stamp
    # the branch is u and every piece but the heaviest
    count = 1
    stack[0] = u
    for i in range(filled):
        if i < best_from or i >= best_to:
            stack[count] = branch[i]
            count += 1
    for i in range(count):
        if locked[stack[i]] >= 0:
            return stamp
    stamp += 1
    moved = np.zeros(7)
    for i in range(count):
        v = stack[i]
        mark[v] = stamp
        moved[0] += h[v]
        moved[1] += p[v]
        moved[2] += w[v]
        moved[3] += area[v]
        moved[4] += sx[v]
        moved[5] += sy[v]
        moved[6] += s2[v]
    delta_cut = 0.0
    for i in range(count):
        v = stack[i]
        for k in range(start[v], start[v + 1]):
            t = nbr[k]
            if mark[t] == stamp:
                continue
            if assign[t] == a:
                delta_cut += cost[k]
            elif assign[t] == b:
                delta_cut -= cost[k]
    for i in range(count):
        r = region[stack[i]]
        if r >= 0:
            held[a, r] -= 1
            if held[a, r] == 0:
                delta_cut -= e[8]
            if held[b, r] == 0:
                delta_cut += e[8]
            held[b, r] += 1
    qa = stats[a]
    qb = stats[b]
    ea = _part_energy(
        qa[0] - moved[0],
        qa[1] - moved[1],
        qa[2] - moved[2],
        qa[3] - moved[3],
        qa[4] - moved[4],
        qa[5] - moved[5],
        qa[6] - moved[6],
        totals[1],
        totals[2],
        e,
    )
    eb = _part_energy(
        qb[0] + moved[0],
        qb[1] + moved[1],
        qb[2] + moved[2],
        qb[3] + moved[3],
        qb[4] + moved[4],
        qb[5] + moved[5],
        qb[6] + moved[6],
        totals[1],
        totals[2],
        e,
    )
    delta = delta_cut + ea - part_e[a] + eb - part_e[b]
    if delta <= 0 or rng.random() < np.exp(-delta / temperature):
        for i in range(count):
            assign[stack[i]] = b
        size[a] -= count
        size[b] += count
        for i in range(7):
            qa[i] -= moved[i]
            qb[i] += moved[i]
        part_e[a] = ea
        part_e[b] = eb
        totals[0] += delta_cut
    else:
        for i in range(count):
            r = region[stack[i]]
            if r >= 0:
                held[a, r] += 1
                held[b, r] -= 1
    return stamp


@numba.njit(cache=True)
def _anneal(
    h: Floats,
    p: Floats,
    w: Floats,
    area: Floats,
    sx: Floats,
    sy: Floats,
    s2: Floats,
    start: Ints,
    nbr: Ints,
    cost: Floats,
    link: Bools,
    locked: Ints,
    region: Ints,
    assign: Ints,
    parts: int,
    steps: int,
    hot: float,
    cold: float,
    e: Floats,
    rng: np.random.Generator,
) -> tuple[Ints, int, float, float]:
    n = len(h)
    stats = np.zeros((parts, 7))
    regions = 1
    for u in range(n):
        regions = max(regions, region[u] + 1)
    held = np.zeros((parts, regions), np.int64)
    size = np.zeros(parts, np.int64)
    for u in range(n):
        g = assign[u]
        size[g] += 1
        if region[u] >= 0:
            held[g, region[u]] += 1
        stats[g, 0] += h[u]
        stats[g, 1] += p[u]
        stats[g, 2] += w[u]
        stats[g, 3] += area[u]
        stats[g, 4] += sx[u]
        stats[g, 5] += sy[u]
        stats[g, 6] += s2[u]
    mean = h.sum() / parts
    mean_w = w.sum() / parts
    mark = np.zeros(n, np.int64)
    stack = np.zeros(n + 1, np.int64)
    stamp = 0
    part_e = np.zeros(parts)
    for g in range(parts):
        q = stats[g]
        part_e[g] = _part_energy(q[0], q[1], q[2], q[3], q[4], q[5], q[6], mean, mean_w, e)
    cut = 0.0
    for u in range(n):
        for k in range(start[u], start[u + 1]):
            if nbr[k] > u and assign[u] != assign[nbr[k]]:
                cut += cost[k]
    for g in range(parts):
        for r in range(regions):
            if held[g, r] > 0:
                cut += e[8]
    totals = np.array([cut, mean, mean_w])
    branch = np.zeros(n, np.int64)
    best = assign.copy()
    best_out = 1 << 30
    best_dist = 1e18
    best_e = 1e18
    cool = (cold / hot) ** (1.0 / max(steps, 1))
    temperature = hot
    check = max(n // 2, 20)
    for step in range(steps):
        temperature *= cool
        u = int(rng.random() * n)
        deg = start[u + 1] - start[u]
        if deg > 0 and locked[u] < 0:
            k0 = start[u] + int(rng.random() * deg)
            v = nbr[k0]
            a = assign[u]
            b = assign[v]
            if a != b and link[k0] and size[a] > 1:
                swap = rng.random() < 0.15 and locked[v] < 0 and size[b] > 1
                delta_cut = 0.0
                for k in range(start[u], start[u + 1]):
                    g = assign[nbr[k]]
                    if swap and nbr[k] == v:
                        continue
                    if g == a:
                        delta_cut += cost[k]
                    elif g == b:
                        delta_cut -= cost[k]
                if swap:
                    for k in range(start[v], start[v + 1]):
                        if nbr[k] == u:
                            continue
                        g = assign[nbr[k]]
                        if g == b:
                            delta_cut += cost[k]
                        elif g == a:
                            delta_cut -= cost[k]
                if regions > 1:
                    ru = region[u]
                    rv = region[v] if swap else -1
                    if ru != rv:
                        if ru >= 0:
                            if held[a, ru] == 1:
                                delta_cut -= e[8]
                            if held[b, ru] == 0:
                                delta_cut += e[8]
                        if rv >= 0:
                            if held[b, rv] == 1:
                                delta_cut -= e[8]
                            if held[a, rv] == 0:
                                delta_cut += e[8]
                qa = stats[a]
                qb = stats[b]
                f = 0.0
                if swap:
                    f = 1.0
                dh = h[u] - f * h[v]
                dp = p[u] - f * p[v]
                dw = w[u] - f * w[v]
                da = area[u] - f * area[v]
                dx = sx[u] - f * sx[v]
                dy = sy[u] - f * sy[v]
                ds = s2[u] - f * s2[v]
                ea = _part_energy(
                    qa[0] - dh, qa[1] - dp, qa[2] - dw, qa[3] - da, qa[4] - dx, qa[5] - dy, qa[6] - ds, mean, mean_w, e
                )
                eb = _part_energy(
                    qb[0] + dh, qb[1] + dp, qb[2] + dw, qb[3] + da, qb[4] + dx, qb[5] + dy, qb[6] + ds, mean, mean_w, e
                )
                delta = delta_cut + ea - part_e[a] + eb - part_e[b]
                if delta <= 0 or rng.random() < np.exp(-delta / temperature):
                    ok = True
                    torn = False
                    if swap:
                        assign[u] = b
                        assign[v] = a
                        stamp += 1
                        ok = _one_piece(a, size[a], v, assign, start, nbr, link, mark, stack, stamp)
                        if ok:
                            stamp += 1
                            ok = _one_piece(b, size[b], u, assign, start, nbr, link, mark, stack, stamp)
                        if not ok:
                            assign[u] = a
                            assign[v] = b
                    else:
                        stamp += 1
                        ok = _connected_without(u, a, assign, start, nbr, link, mark, stack, stamp)
                        if ok:
                            assign[u] = b
                            size[a] -= 1
                            size[b] += 1
                        else:
                            torn = True
                    if ok:
                        if region[u] >= 0:
                            held[a, region[u]] -= 1
                            held[b, region[u]] += 1
                        if swap and region[v] >= 0:
                            held[b, region[v]] -= 1
                            held[a, region[v]] += 1
                        qa[0] -= dh
                        qa[1] -= dp
                        qa[2] -= dw
                        qa[3] -= da
                        qa[4] -= dx
                        qa[5] -= dy
                        qa[6] -= ds
                        qb[0] += dh
                        qb[1] += dp
                        qb[2] += dw
                        qb[3] += da
                        qb[4] += dx
                        qb[5] += dy
                        qb[6] += ds
                        part_e[a] = ea
                        part_e[b] = eb
                        cut += delta_cut
                        totals[0] = cut
                    elif torn:
                        stamp = _move_branch(
                            u,
                            a,
                            b,
                            assign,
                            size,
                            stats,
                            held,
                            part_e,
                            totals,
                            h,
                            p,
                            w,
                            area,
                            sx,
                            sy,
                            s2,
                            start,
                            nbr,
                            cost,
                            link,
                            locked,
                            region,
                            mark,
                            stack,
                            branch,
                            stamp,
                            temperature,
                            e,
                            rng,
                        )
                        cut = totals[0]
        if step % check == 0 or step == steps - 1:
            out = 0
            dist = 0.0
            total = cut
            for g in range(parts):
                d = max(e[0] - stats[g, 0], stats[g, 0] - e[1], 0.0) + max(stats[g, 1] - e[2], 0.0)
                if d > 0:
                    out += 1
                    dist += d
                total += part_e[g]
            if out < best_out or (
                out == best_out and (dist < best_dist - 1e-6 or (dist < best_dist + 1e-6 and total < best_e - 1e-6))
            ):
                best_out = out
                best_dist = dist
                best_e = total
                best[:] = assign
    return best, best_out, best_dist, best_e


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


def grow(graph: UnitGraph, parts: int, rng: np.random.Generator) -> Ints:
    """Draw a first partition into `parts` contiguous parts; every unit of a connected graph is in one."""
    return np.asarray(
        _grow(graph.households, graph.start, graph.neighbour, graph.cost, graph.link, graph.locked, parts, rng)
    )


def anneal(
    graph: UnitGraph,
    assignment: Ints,
    parts: int,
    energy: Energy,
    *,
    steps: int,
    hot: float,
    cold: float,
    rng: np.random.Generator,
) -> tuple[Ints, int, float, float]:
    """Improve a contiguous partition by flips and swaps, cooling from `hot` to `cold`.

    Returns
    -------
    The best assignment met, its number of parts out of the band, their distance from it in households, its energy.
    """
    e = np.array(
        [
            energy.low,
            energy.high,
            energy.max_persons,
            energy.out_of_band,
            energy.per_household,
            energy.balance,
            energy.workload,
            energy.shape,
            energy.crossing,
        ]
    )
    best, out, distance, value = _anneal(
        graph.households, graph.persons, graph.workload, graph.area, graph.sx, graph.sy, graph.s2,
        graph.start, graph.neighbour, graph.cost, graph.link, graph.locked, graph.region,
        assignment.copy(), parts, steps, hot, cold, e, rng,
    )  # fmt: skip
    return best, int(out), float(distance), float(value)


def band_distance(households: Floats, low: float, high: float) -> Floats:
    """Households by which each number lies outside the band."""
    return np.maximum(np.maximum(low - households, households - high), 0.0)

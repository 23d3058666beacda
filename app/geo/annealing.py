"""Simulated annealing of a partition over flips, swaps and branches, contiguity kept exactly."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from app.geo.partition import Bools, Energy, Floats, Ints, UnitGraph

__all__ = ["anneal"]

HOUSEHOLDS, PERSONS, WORKLOAD, AREA, X, Y, SQUARES = range(7)
"""Columns of what a unit holds and of what is added up over a part."""
SWAPS = 0.15
"""Share of moves that are tried as swaps."""


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
    held = (graph.households, graph.persons, graph.workload, graph.area, graph.sx, graph.sy, graph.s2)
    owner = np.repeat(np.arange(len(graph)), np.diff(graph.start))
    rows = _Rows(
        np.column_stack(held), graph.start, graph.neighbour, graph.cost, graph.link, graph.locked, graph.region,
        owner, np.flatnonzero(graph.link & (graph.locked[owner] < 0)),
    )  # fmt: skip
    charges = Energy(*map(float, energy))  # one type of each field, so that there is one compiled version
    best, out, away, value = _anneal(rows, assignment.copy(), parts, steps, hot, cold, charges, rng)
    return best, int(out), float(away), float(value)


class _Rows(NamedTuple):
    """A `UnitGraph` as compiled code takes it; `amounts` has a row for each unit and the columns named above.

    `owner` is the unit in whose row a neighbour stands; `ways` are the places of those to whose part it may change.
    """

    amounts: Floats
    start: Ints
    neighbour: Ints
    cost: Floats
    link: Bools
    locked: Ints
    region: Ints
    owner: Ints
    ways: Ints


class _State(NamedTuple):
    """A partition and what is kept up with it from move to move.

    `size`, `sums` and `charge` are of each part, `held` counts units by part and region, `change` is what a move takes
    from one part to another, `mark` and `queue` are for walks.
    """

    assign: Ints
    size: Ints
    sums: Floats
    charge: Floats
    held: Ints
    change: Floats
    mark: Ints
    queue: Ints


@numba.njit(cache=True, error_model="numpy")
def _charge(state: _State, part: int, sign: float, share: float, share_of_work: float, e: Energy) -> float:
    """Charge a part as it is once the change is added to it or taken from it.

    `share` and `share_of_work` are one over the mean of all parts, 0 where that is none.
    """
    sums, change = state.sums, state.change
    households = sums[part, HOUSEHOLDS] + sign * change[HOUSEHOLDS]
    persons = sums[part, PERSONS] + sign * change[PERSONS]
    work = sums[part, WORKLOAD] + sign * change[WORKLOAD]
    area = sums[part, AREA] + sign * change[AREA]
    x = sums[part, X] + sign * change[X]
    y = sums[part, Y] + sign * change[Y]
    squares = sums[part, SQUARES] + sign * change[SQUARES]
    charge = 0.0
    away = max(e.low - households, households - e.high)
    if away > 0:
        charge += e.out_of_band + e.per_household * away
    if persons > e.max_persons:
        charge += e.out_of_band + e.per_household * (persons - e.max_persons) / 3.0
    if share > 0:
        charge += e.balance * (households * share - 1.0) ** 2
    if share_of_work > 0:
        charge += e.workload * (work * share_of_work - 1.0) ** 2
    if area > 0:
        inertia = squares - (x * x + y * y) / area
        charge += e.shape * (1.0 - area * area / (2 * np.pi * inertia + 1e-9))
    return charge


@numba.njit(cache=True, error_model="numpy")
def _holds_without(u: int, part: int, rows: _Rows, state: _State, stamp: int) -> bool:
    """Whether the part stays one piece, and stays at all, when u leaves it; takes the stamps `stamp` and the next."""
    assign, mark, queue = state.assign, state.mark, state.queue
    wanted = 0
    for k in range(rows.start[u], rows.start[u + 1]):
        v = rows.neighbour[k]
        if rows.link[k] and assign[v] == part:
            wanted += 1
            mark[v] = stamp
            queue[0] = v
    if wanted <= 1:
        return wanted == 1
    # walk from one neighbour until all others are met
    met = stamp + 1
    mark[u] = met
    mark[queue[0]] = met
    wanted -= 1
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for k in range(rows.start[v], rows.start[v + 1]):
            t = rows.neighbour[k]
            if rows.link[k] and assign[t] == part and mark[t] != met:
                wanted -= mark[t] == stamp
                if wanted == 0:
                    return True
                mark[t] = met
                queue[tail] = t
                tail += 1
    return False


@numba.njit(cache=True, error_model="numpy")
def _walk(seed: int, part: int, tail: int, rows: _Rows, state: _State, stamp: int) -> int:
    """Queue up what hangs together with a unit of the part, from place `tail` on; return where the queue ends then."""
    assign, mark, queue = state.assign, state.mark, state.queue
    mark[seed] = stamp
    queue[tail] = seed
    head, tail = tail, tail + 1
    while head < tail:
        v = queue[head]
        head += 1
        for k in range(rows.start[v], rows.start[v + 1]):
            t = rows.neighbour[k]
            if rows.link[k] and assign[t] == part and mark[t] != stamp:
                mark[t] = stamp
                queue[tail] = t
                tail += 1
    return tail


@numba.njit(cache=True, error_model="numpy")
def _queue_branch(u: int, part: int, rows: _Rows, state: _State, stamp: int) -> int:
    """Queue up u and what only it holds to the part: every piece around it but the heaviest. Return how many.

    None where u is all of its part, or where a unit of the branch has to stay.
    """
    mark, queue = state.mark, state.queue
    queue[0] = u
    mark[u] = stamp
    tail, heaviest, begins, ends = 1, -1.0, 1, 1
    for k in range(rows.start[u], rows.start[u + 1]):
        v = rows.neighbour[k]
        if not rows.link[k] or state.assign[v] != part or mark[v] == stamp:
            continue
        begin, tail = tail, _walk(v, part, tail, rows, state, stamp)
        load = 0.0
        for i in range(begin, tail):
            load += rows.amounts[queue[i], HOUSEHOLDS] + 1e-3
        if load > heaviest:
            heaviest, begins, ends = load, begin, tail
    if begins == ends:
        return 0
    count = begins
    for i in range(ends, tail):
        queue[count] = queue[i]
        count += 1
    for i in range(count):
        if rows.locked[queue[i]] >= 0:
            return 0
    return count


@numba.njit(cache=True, error_model="numpy")
def _shift_regions(count: int, a: int, b: int, rows: _Rows, state: _State, e: Energy) -> float:
    """Count the first of the queue in b's regions instead of a's; return what that adds to the charge for crossings."""
    held, charge = state.held, 0.0
    for i in range(count):
        region = rows.region[state.queue[i]]
        if region >= 0:
            held[a, region] -= 1
            if held[a, region] == 0:
                charge -= e.crossing
            if held[b, region] == 0:
                charge += e.crossing
            held[b, region] += 1
    return charge


@numba.njit(cache=True, error_model="numpy")
def _swap_regions(u: int, v: int, a: int, b: int, rows: _Rows, state: _State, e: Energy) -> float:
    """Count u in b's regions and v in a's; return what that adds to the charge for crossings."""
    state.queue[0] = u
    charge = _shift_regions(1, a, b, rows, state, e)
    state.queue[0] = v
    return charge + _shift_regions(1, b, a, rows, state, e)


@numba.njit(cache=True, error_model="numpy")
def _cut_of_queue(count: int, a: int, b: int, rows: _Rows, state: _State, stamp: int) -> float:
    """Put what the first of the queue hold into `change`; return by how much the cut grows when they go from a to b."""
    assign, mark, queue, change = state.assign, state.mark, state.queue, state.change
    change[:] = 0.0
    for i in range(count):
        mark[queue[i]] = stamp
        for j in range(7):
            change[j] += rows.amounts[queue[i], j]
    cut = 0.0
    for i in range(count):
        for k in range(rows.start[queue[i]], rows.start[queue[i] + 1]):
            t = rows.neighbour[k]
            if mark[t] != stamp:
                if assign[t] == a:
                    cut += rows.cost[k]
                elif assign[t] == b:
                    cut -= rows.cost[k]
    return cut


@numba.njit(cache=True, error_model="numpy")
def _falls(delta: float, temperature: float, rng: np.random.Generator) -> bool:
    """Whether a move that changes the energy by `delta` is made."""
    return delta <= 0 or rng.random() < np.exp(-delta / temperature)


@numba.njit(cache=True, error_model="numpy")
def _anneal(
    rows: _Rows, assign: Ints, parts: int, steps: int, hot: float, cold: float, e: Energy, rng: np.random.Generator
) -> tuple[Ints, int, float, float]:
    # One long loop: taken apart, it would count references to every array at every step, and run six times as long.
    n = len(assign)
    amounts, start, neighbour, cost = rows.amounts, rows.start, rows.neighbour, rows.cost
    locked, region, owner, ways = rows.locked, rows.region, rows.owner, rows.ways
    size, sums, charge = np.zeros(parts, np.int64), np.zeros((parts, 7)), np.zeros(parts)
    held, change = np.zeros((parts, max(1, region.max() + 1)), np.int64), np.zeros(7)
    mark, queue = np.zeros(n, np.int64), np.zeros(n + 1, np.int64)
    state = _State(assign, size, sums, charge, held, change, mark, queue)
    cut = 0.0
    for u in range(n):
        size[assign[u]] += 1
        sums[assign[u]] += amounts[u]
        if region[u] >= 0:
            held[assign[u], region[u]] += 1
        for k in range(start[u], start[u + 1]):
            if neighbour[k] > u and assign[neighbour[k]] != assign[u]:
                cut += cost[k]
    total, work = sums[:, HOUSEHOLDS].sum(), sums[:, WORKLOAD].sum()
    share = parts / total if total > 0 else 0.0
    share_of_work = parts / work if work > 0 else 0.0
    for part in range(parts):
        charge[part] = _charge(state, part, 0.0, share, share_of_work, e)
        cut += e.crossing * (held[part] > 0).sum()
    best, best_out, best_away, best_value = assign.copy(), 1 << 30, 1e18, 1e18
    cool = (cold / hot) ** (1.0 / max(steps, 1))
    temperature = hot
    check = max(n // 2, 20)
    stamp = 0
    for step in range(steps):
        temperature *= cool
        way = ways[int(rng.random() * len(ways))] if len(ways) else 0
        u, v = owner[way], neighbour[way]
        a, b = assign[u], assign[v]
        if a != b and size[a] > 1 and len(ways):
            swap = rng.random() < SWAPS and locked[v] < 0 and size[b] > 1
            grows = 0.0
            for k in range(start[u], start[u + 1]):
                part = assign[neighbour[k]]
                if part == a:
                    grows += cost[k]
                elif part == b:
                    grows -= cost[k]
            for i in range(7):
                change[i] = amounts[u, i]
            if swap:
                grows += 2 * cost[way]  # the two stay neighbours in different parts
                for k in range(start[v], start[v + 1]):
                    part = assign[neighbour[k]]
                    if part == b:
                        grows += cost[k]
                    elif part == a:
                        grows -= cost[k]
                for i in range(7):
                    change[i] -= amounts[v, i]
                grows += _swap_regions(u, v, a, b, rows, state, e)
                _swap_regions(v, u, a, b, rows, state, e)
            elif region[u] >= 0:
                grows += e.crossing * (int(held[b, region[u]] == 0) - int(held[a, region[u]] == 1))
            charge_a = _charge(state, a, -1.0, share, share_of_work, e)
            charge_b = _charge(state, b, 1.0, share, share_of_work, e)
            if _falls(grows + charge_a - charge[a] + charge_b - charge[b], temperature, rng):
                stamp += 4
                queue[0] = u
                moved, count = True, 1
                if swap:
                    assign[u], assign[v] = b, a
                    moved = _walk(v, a, 0, rows, state, stamp - 1) == size[a]
                    moved = moved and _walk(u, b, 0, rows, state, stamp) == size[b]
                    if moved:
                        _swap_regions(u, v, a, b, rows, state, e)
                    else:
                        assign[u], assign[v] = a, b
                    count = 0
                elif _holds_without(u, a, rows, state, stamp - 1):
                    queue[0] = u
                    _shift_regions(1, a, b, rows, state, e)
                else:
                    count = _queue_branch(u, a, rows, state, stamp - 2)
                    grows = _cut_of_queue(count, a, b, rows, state, stamp - 3)
                    grows += _shift_regions(count, a, b, rows, state, e)
                    charge_a = _charge(state, a, -1.0, share, share_of_work, e)
                    charge_b = _charge(state, b, 1.0, share, share_of_work, e)
                    delta = grows + charge_a - charge[a] + charge_b - charge[b]
                    moved = count > 0 and _falls(delta, temperature, rng)
                    if not moved:
                        _shift_regions(count, b, a, rows, state, e)
                if moved:
                    for i in range(count):
                        assign[queue[i]] = b
                    size[a] -= count
                    size[b] += count
                    for i in range(7):
                        sums[a, i] -= change[i]
                        sums[b, i] += change[i]
                    charge[a], charge[b] = charge_a, charge_b
                    cut += grows
        if step % check == 0 or step == steps - 1:
            out, away, value = 0, 0.0, cut
            for part in range(parts):
                far = max(e.low - sums[part, HOUSEHOLDS], sums[part, HOUSEHOLDS] - e.high, 0.0)
                far += max(sums[part, PERSONS] - e.max_persons, 0.0)
                out += far > 0
                away += far
                value += charge[part]
            if out < best_out or (
                out == best_out and (away < best_away - 1e-6 or (away < best_away + 1e-6 and value < best_value - 1e-6))
            ):
                best_out, best_away, best_value = out, away, value
                best[:] = assign
    return best, best_out, best_away, best_value

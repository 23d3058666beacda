"""Simulated annealing of a partition over single units and branches, contiguity kept exactly."""

from __future__ import annotations

import numba
import numpy as np

from app.geo.partition import Bools, Energy, Floats, Ints, UnitGraph

__all__ = ["anneal"]

HOUSEHOLDS, PERSONS, WORKLOAD, AREA, X, Y, SQUARES = range(7)
"""Columns of what a unit holds and of what is added up over a part."""
LUCK = -np.log((np.arange(1024) + 0.5) / 1024)
"""By how much, in parts of the temperature, a move may raise the energy: drawn from here, not worked out each time."""
GOLDEN, MIX, MIX_AGAIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
LOW_BITS, HALF = np.uint64(len(LUCK) - 1), np.uint64(32)


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
    """Improve a contiguous partition by trying `steps` moves across its borders, cooling from `hot` to `cold`.

    Returns
    -------
    The best assignment met, its number of parts out of the band, their distance from it in households, its energy.
    """
    held = (graph.households, graph.persons, graph.workload, graph.area, graph.sx, graph.sy, graph.s2)
    charges = Energy(*map(float, energy))  # one type of each field, so that there is one compiled version
    best, out, away, value = _anneal(
        np.column_stack(held), graph.start, graph.neighbour, graph.cost, graph.link, graph.locked, graph.region,
        assignment.copy(), parts, steps, float(hot), float(cold), charges, np.uint64(rng.integers(1 << 63)),
    )  # fmt: skip
    return best, int(out), float(away), float(value)


# Compiled functions are handed bare arrays: in a tuple of arrays, each call would count references to all of them.


@numba.njit(cache=True, error_model="numpy")
def _crowd(households: float, persons: float, work: float, share: float, share_of_work: float, e: Energy) -> float:
    """Charge a part for what it holds; `share` and `share_of_work` are one over the mean, 0 where that is none."""
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
    return charge


@numba.njit(cache=True, error_model="numpy")
def _shape(area: float, x: float, y: float, squares: float, e: Energy) -> float:
    """Charge a part for its shape; never less than nothing."""
    if area <= 0:
        return 0.0
    inertia = squares - (x * x + y * y) / area
    return max(e.shape * (1.0 - area * area / (2 * np.pi * inertia + 1e-9)), 0.0)


@numba.njit(cache=True, error_model="numpy")
def _holds_without(
    u: int, part: int, start: Ints, neighbour: Ints, link: Bools, assign: Ints, mark: Ints, queue: Ints, stamp: int
) -> bool:
    """Whether the part stays one piece, and stays at all, when u leaves it; takes the stamps `stamp` and the next."""
    wanted = 0
    for k in range(start[u], start[u + 1]):
        v = neighbour[k]
        if link[k] and assign[v] == part:
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
        for k in range(start[v], start[v + 1]):
            t = neighbour[k]
            if link[k] and assign[t] == part and mark[t] != met:
                wanted -= mark[t] == stamp
                if wanted == 0:
                    return True
                mark[t] = met
                queue[tail] = t
                tail += 1
    return False


@numba.njit(cache=True, error_model="numpy")
def _queue_branch(
    u: int, part: int, start: Ints, neighbour: Ints, link: Bools, locked: Ints, amounts: Floats, assign: Ints,
    mark: Ints, queue: Ints, stamp: int,
) -> int:  # fmt: skip
    """Queue up u and what only it holds to the part: every piece around it but the heaviest. Return how many.

    None where u is all of its part, or where a unit of the branch has to stay.
    """
    queue[0] = u
    mark[u] = stamp
    tail, heaviest, begins, ends = 1, -1.0, 1, 1
    for k in range(start[u], start[u + 1]):
        v = neighbour[k]
        if not link[k] or assign[v] != part or mark[v] == stamp:
            continue
        mark[v] = stamp
        queue[tail] = v
        begin = head = tail
        tail += 1
        load = 0.0
        while head < tail:
            w = queue[head]
            head += 1
            load += amounts[w, HOUSEHOLDS] + 1e-3
            for j in range(start[w], start[w + 1]):
                t = neighbour[j]
                if link[j] and assign[t] == part and mark[t] != stamp:
                    mark[t] = stamp
                    queue[tail] = t
                    tail += 1
        if load > heaviest:
            heaviest, begins, ends = load, begin, tail
    if begins == ends:
        return 0
    count = begins
    for i in range(ends, tail):
        queue[count] = queue[i]
        count += 1
    for i in range(count):
        if locked[queue[i]] >= 0:
            return 0
    return count


@numba.njit(cache=True, error_model="numpy")
def _cut_of_queue(
    count: int, a: int, b: int, start: Ints, neighbour: Ints, cost: Floats, toward: Floats, mark: Ints, queue: Ints,
    stamp: int,
) -> float:  # fmt: skip
    """By how much the cut grows when the first of the queue go from a to b together."""
    grows = 0.0
    for i in range(count):
        mark[queue[i]] = stamp
    for i in range(count):
        u = queue[i]
        grows += toward[u, a] - toward[u, b]
        for k in range(start[u], start[u + 1]):
            if mark[neighbour[k]] == stamp:
                grows -= cost[k]
    return grows


@numba.njit(cache=True, error_model="numpy")
def _shift_regions(count: int, a: int, b: int, region: Ints, held: Ints, queue: Ints) -> int:
    """Count the first of the queue in b's regions instead of a's; return how many more crossings there are."""
    more = 0
    for i in range(count):
        r = region[queue[i]]
        if r >= 0:
            held[a, r] -= 1
            more += int(held[b, r] == 0) - int(held[a, r] == 0)
            held[b, r] += 1
    return more


@numba.njit(cache=True, error_model="numpy")
def _put(
    u: int, b: int, start: Ints, neighbour: Ints, cost: Floats, back: Ints, way: Bools, assign: Ints, toward: Floats,
    front: Ints, place: Ints, tail: int,
) -> int:  # fmt: skip
    """Put u into b, and keep up what borders cost toward each part and the list of ways across; return its length."""
    a = assign[u]
    assign[u] = b
    for k in range(start[u], start[u + 1]):
        t = neighbour[k]
        toward[t, a] -= cost[k]
        toward[t, b] += cost[k]
        part = assign[t]
        if part != a and part != b:
            continue
        for j in (k, back[k]):
            if way[j] and part == a:
                place[j] = tail
                front[tail] = j
                tail += 1
            elif way[j]:
                tail -= 1
                last = front[tail]
                front[place[j]] = last
                place[last] = place[j]
    return tail


@numba.njit(cache=True, error_model="numpy")
def _anneal(
    amounts: Floats, start: Ints, neighbour: Ints, cost: Floats, link: Bools, locked: Ints, region: Ints, assign: Ints,
    parts: int, steps: int, hot: float, cold: float, e: Energy, chance: np.uint64,
) -> tuple[Ints, int, float, float]:  # fmt: skip
    n, m = len(assign), len(neighbour)
    regions = region.max() + 1
    # of each part: units, what they hold, what it is charged for that and for its shape, units in each region
    size, sums = np.zeros(parts, np.int64), np.zeros((parts, 7))
    crowd, shape = np.zeros(parts), np.zeros(parts)
    held = np.zeros((parts, max(1, regions)), np.int64)
    # of each place in the rows: its unit, the same border seen from the other side, whether its unit may go that way
    owner, back, way = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, np.bool_)
    # the ways that lead across a border, the place of each among them; what a unit's borders to each part cost
    front, place, tail = np.zeros(m, np.int64), np.zeros(m, np.int64), 0
    toward = np.zeros((n, parts))
    mark, queue = np.zeros(n, np.int64), np.zeros(n + 1, np.int64)
    cut = 0.0
    for u in range(n):
        size[assign[u]] += 1
        sums[assign[u]] += amounts[u]
        if region[u] >= 0:
            held[assign[u], region[u]] += 1
        for k in range(start[u], start[u + 1]):
            t = neighbour[k]
            owner[k] = u
            way[k] = link[k] and locked[u] < 0
            toward[u, assign[t]] += cost[k]
            for j in range(start[t], start[t + 1]):
                if neighbour[j] == u:
                    back[k] = j
            if assign[t] != assign[u]:
                cut += cost[k] / 2
                if way[k]:
                    place[k] = tail
                    front[tail] = k
                    tail += 1
    total, work = sums[:, HOUSEHOLDS].sum(), sums[:, WORKLOAD].sum()
    share = parts / total if total > 0 else 0.0
    share_of_work = parts / work if work > 0 else 0.0
    for part in range(parts):
        households, persons, workload, area, x, y, squares = sums[part]
        crowd[part] = _crowd(households, persons, workload, share, share_of_work, e)
        shape[part] = _shape(area, x, y, squares, e)
        cut += e.crossing * (held[part] > 0).sum()
    best, best_out, best_away, best_value = assign.copy(), 1 << 30, 1e18, 1e18
    check = max(n // 2, 20)
    stamp, step = 0, 0
    while True:
        out, away, value = 0, 0.0, cut
        for part in range(parts):
            far = max(e.low - sums[part, HOUSEHOLDS], sums[part, HOUSEHOLDS] - e.high, 0.0)
            far += max(sums[part, PERSONS] - e.max_persons, 0.0)
            out += far > 0
            away += far
            value += crowd[part] + shape[part]
        if out < best_out or (
            out == best_out and (away < best_away - 1e-6 or (away < best_away + 1e-6 and value < best_value - 1e-6))
        ):
            best_out, best_away, best_value = out, away, value
            best[:] = assign
        if step >= steps or tail == 0:
            return best, best_out, best_away, best_value
        temperature = hot * (cold / hot) ** (step / steps)
        tries = min(check, steps - step)
        step += tries
        for _ in range(tries):
            # SplitMix64: one number gives both the way and the luck
            chance += GOLDEN
            bits = (chance ^ (chance >> np.uint64(30))) * MIX
            bits = (bits ^ (bits >> np.uint64(27))) * MIX_AGAIN
            bits ^= bits >> np.uint64(31)
            k = front[np.int64(((bits >> HALF) * np.uint64(tail)) >> HALF)]
            most = LUCK[np.int64(bits & LOW_BITS)] * temperature
            u = owner[k]
            a, b = assign[u], assign[neighbour[k]]
            if size[a] == 1:
                continue
            grows = toward[u, a] - toward[u, b]
            r = region[u]
            if regions > 1 and r >= 0:
                grows += e.crossing * (int(held[b, r] == 0) - int(held[a, r] == 1))
            h, p, w = amounts[u, HOUSEHOLDS], amounts[u, PERSONS], amounts[u, WORKLOAD]
            crowd_a = _crowd(sums[a, 0] - h, sums[a, 1] - p, sums[a, 2] - w, share, share_of_work, e)
            crowd_b = _crowd(sums[b, 0] + h, sums[b, 1] + p, sums[b, 2] + w, share, share_of_work, e)
            most += crowd[a] + crowd[b] + shape[a] + shape[b]  # the new charges and the growth may come to this
            if grows + crowd_a + crowd_b > most:
                continue  # whatever the shapes would be
            area, x, y, q = amounts[u, AREA], amounts[u, X], amounts[u, Y], amounts[u, SQUARES]
            shape_a = _shape(sums[a, 3] - area, sums[a, 4] - x, sums[a, 5] - y, sums[a, 6] - q, e)
            shape_b = _shape(sums[b, 3] + area, sums[b, 4] + x, sums[b, 5] + y, sums[b, 6] + q, e)
            if grows + crowd_a + crowd_b + shape_a + shape_b > most:
                continue
            stamp += 4
            count = 1
            if _holds_without(u, a, start, neighbour, link, assign, mark, queue, stamp):
                queue[0] = u
                if regions > 1:
                    _shift_regions(1, a, b, region, held, queue)
            else:
                count = _queue_branch(u, a, start, neighbour, link, locked, amounts, assign, mark, queue, stamp + 2)
                if count == 0:
                    continue
                grows = _cut_of_queue(count, a, b, start, neighbour, cost, toward, mark, queue, stamp + 3)
                for i in range(1, count):
                    t = queue[i]
                    h, p, w = h + amounts[t, 0], p + amounts[t, 1], w + amounts[t, 2]
                    area, x, y, q = area + amounts[t, 3], x + amounts[t, 4], y + amounts[t, 5], q + amounts[t, 6]
                crowd_a = _crowd(sums[a, 0] - h, sums[a, 1] - p, sums[a, 2] - w, share, share_of_work, e)
                crowd_b = _crowd(sums[b, 0] + h, sums[b, 1] + p, sums[b, 2] + w, share, share_of_work, e)
                shape_a = _shape(sums[a, 3] - area, sums[a, 4] - x, sums[a, 5] - y, sums[a, 6] - q, e)
                shape_b = _shape(sums[b, 3] + area, sums[b, 4] + x, sums[b, 5] + y, sums[b, 6] + q, e)
                if regions > 1:
                    grows += e.crossing * _shift_regions(count, a, b, region, held, queue)
                if grows + crowd_a + crowd_b + shape_a + shape_b > most:
                    if regions > 1:
                        _shift_regions(count, b, a, region, held, queue)
                    continue
            for i in range(count):
                tail = _put(queue[i], b, start, neighbour, cost, back, way, assign, toward, front, place, tail)
            size[a] -= count
            size[b] += count
            for i, gone in enumerate((h, p, w, area, x, y, q)):
                sums[a, i] -= gone
                sums[b, i] += gone
            crowd[a], crowd[b], shape[a], shape[b] = crowd_a, crowd_b, shape_a, shape_b
            cut += grows

"""Light fills that tell neighbours apart, for colour-blind eyes too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["FILLS", "colour_neighbours"]

FILLS = ("#B9EAFC", "#EFB49A", "#F8EDA2", "#D8F2D4", "#DFB6C7", "#C5B8FE")
"""Sky, peach, yellow, mint, rose, violet: at least 16 apart in CIE L*a*b* as seen with protanopia and deuteranopia, and
dark enough text reads on each. The colours mean nothing but "another grid"."""


def colour_neighbours(shared_m: Mapping[tuple[str, str], float], codes: Sequence[str]) -> dict[str, int]:
    """Give neighbours different colours, as numbers below `len(FILLS)`.

    Grids are taken away one by one, always one with the fewest neighbours left, and coloured in reverse: on a flat map
    each then meets at most five coloured neighbours, so six colours always do (Matula and Beck 1983). Only where grids
    in several parts make the map no longer flat may a grid run out; it takes the colour it shares least border with.

    Parameters
    ----------
    shared_m
        Length of the border of each pair of neighbours; pairs with anything that is not in `codes` are passed over.
    codes
        The grids in their order, by which ties are decided.
    """
    neighbours: dict[str, dict[str, float]] = {code: {} for code in codes}
    for (left, right), length_m in sorted(shared_m.items()):
        if left != right and left in neighbours and right in neighbours:
            neighbours[left][right] = neighbours[right][left] = length_m + neighbours[left].get(right, 0.0)
    colours: dict[str, int] = {}
    used = [0] * len(FILLS)
    for code in reversed(_smallest_last(neighbours)):
        clash_m = [0.0] * len(FILLS)
        for other, length_m in neighbours[code].items():
            if other in colours:
                clash_m[colours[other]] += length_m
        colours[code] = min(range(len(FILLS)), key=lambda colour: (clash_m[colour], used[colour], colour))
        used[colours[code]] += 1
    return colours


def _smallest_last(neighbours: Mapping[str, Iterable[str]]) -> list[str]:
    """Order nodes so that each has the fewest neighbours among those not yet listed."""
    place = {code: number for number, code in enumerate(neighbours)}
    left = {code: len(list(others)) for code, others in neighbours.items()}
    buckets: list[set[str]] = [set() for _ in range(max(left.values(), default=0) + 1)]
    for code, degree in left.items():
        buckets[degree].add(code)
    order: list[str] = []
    while left:
        lowest = next(bucket for bucket in buckets if bucket)
        code = min(lowest, key=place.__getitem__)
        lowest.remove(code)
        del left[code]
        order.append(code)
        for other in neighbours[code]:
            if other in left:
                buckets[left[other]].remove(other)
                left[other] -= 1
                buckets[left[other]].add(other)
    return order

"""Posts of grid workers 网格员 shared among communities, so that each worker has about as many households."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from app.geo.errors import UsageError

__all__ = ["share_posts"]


def share_posts(households: Sequence[float], posts: int) -> list[int]:
    """Give every community one post and the others by Webster's method (Sainte-Laguë).

    Of the methods that never take a post from a community because one more is to be given, it is the one that favours
    neither large nor small communities (Balinski & Young, Fair Representation, 1982). Ties go to the first.

    Raises
    ------
    UsageError
        There are fewer posts than communities.
    """
    if posts < len(households):
        raise UsageError(
            f"岗位 {posts} 个，少于社区 {len(households)} 个：每个社区至少要有一个岗位，请增加 --posts 或用 --only"
        )
    shares = [1] * len(households)
    queue = [(-count / 3, place) for place, count in enumerate(households)]
    heapq.heapify(queue)
    for _ in range(posts - len(households)):
        _, place = heapq.heappop(queue)
        shares[place] += 1
        heapq.heappush(queue, (-households[place] / (2 * shares[place] + 1), place))
    return shares

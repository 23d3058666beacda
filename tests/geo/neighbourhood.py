"""Two grids side by side between two communities, drawn in metres, and what may lie around them.

```
 300 +-------+-------+
     | 第一网格 | 第二网格 |  河东社区      in the west lies a community without a name
   0 +-------+-------+
     0      200     400
```
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import shapely

from app.geo.surroundings import Surroundings

GRIDS = [shapely.box(0, 0, 200, 300), shapely.box(200, 0, 400, 300)]
NAMES = ["第一网格", "第二网格"]
BEYOND = {"河东社区": shapely.box(400, -100, 600, 400), "": shapely.box(-200, -100, 0, 400)}

NOTHING: MappingProxyType[str, shapely.Geometry] = MappingProxyType({})


def line(*points: tuple[float, float]) -> shapely.Geometry:
    return shapely.LineString(points)


def look(*barriers: tuple[str, str, shapely.Geometry], beyond=BEYOND, places=NOTHING, lands=NOTHING) -> Surroundings:
    return Surroundings(
        barriers=np.array([shape for _, _, shape in barriers], dtype=object),
        classes=[kind for kind, _, _ in barriers],
        barrier_names=[name for _, name, _ in barriers],
        neighbours=np.array(list(beyond.values()), dtype=object),
        neighbour_names=list(beyond),
        places=np.array(list(places.values()), dtype=object),
        place_names=list(places),
        lands=np.array(list(lands.values()), dtype=object),
        land_names=list(lands),
    )

"""The promises that a plan keeps or breaks by its own geometry, whatever it was made from."""

from __future__ import annotations

import geopandas as gpd

from app.geo.cover import check_codes, check_cover, check_pieces, check_shapes
from app.geo.edges import check_edges, match_edges
from app.geo.places import Place, Value
from app.geo.promises import HARD_PROMISES, Scorecard
from app.geo.survey import survey_grids

__all__ = ["check_soundness"]


def check_soundness(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Scorecard:
    """Check that grids cover their communities exactly, in one piece each, with borders equal vertex by vertex.

    It asks for less than `app.geo.promises.check_promises`: no buildings, no households, nothing of reasons.

    Parameters
    ----------
    grids
        In EPSG:4490, with grid_code and community_code.
    communities
        Their outlines, with community_code and name.
    """
    survey = survey_grids(grids, communities)
    findings = (
        check_codes(survey),
        check_shapes(survey),
        check_cover(survey),
        check_pieces(survey),
        check_edges(survey, match_edges(survey)),
    )
    values: dict[str, Value] = {}
    places: list[Place] = []
    for finding in findings:
        values |= finding.values
        places += finding.places
    broken = tuple(name for name in HARD_PROMISES if values.get(name))
    return Scorecard(values, broken, tuple(place for place in places if place.promise in broken))

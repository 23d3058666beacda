"""What answers hold, for the OpenAPI document: nothing is checked against it while somebody waits for an answer.

Members that not everybody is told, as phone numbers, are not required; a count that is withheld is null. Tests hold
every answer of the service against these, and allow no member that stands in none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Never

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse

__all__ = [
    "GEOJSON",
    "Answer",
    "Count",
    "GeoJson",
    "Geometry",
    "Link",
    "MultiPolygon",
    "Status",
    "answer",
    "answer_schemas",
    "schema_of",
    "sometimes",
]

GEOJSON = "application/geo+json"
_PLACE = "#/components/schemas/{model}"

Status = Literal["达标", "不达标", "待核实", "数据不足"]
"""How something stands by a standard."""
Count = Annotated[
    float | None,
    Field(description="不知道时为 null；对系统按十位取整，不足十的为 null null where unknown; in tens for systems"),
]
"""Of homes or people."""


class GeoJson(JSONResponse):
    """An answer in GeoJSON, for routes to be documented as such."""

    media_type = GEOJSON


class Answer(BaseModel):
    """Base of what answers hold; built when the document is asked for."""

    model_config = ConfigDict(defer_build=True)


def answer(
    example: Any, *kinds: type[Answer], media: str = "application/json", status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers with one of these kinds."""
    return {status: {"content": {media: {"example": example, "schema": schema_of(*kinds)}}}}


def schema_of(*kinds: type[Answer]) -> dict[str, Any]:
    """Return the schema of one of these kinds, by its name among those of the document."""
    named = [{"$ref": _PLACE.format(model=kind.__name__)} for kind in kinds]
    return named[0] if len(named) == 1 else {"anyOf": named}


def answer_schemas() -> dict[str, Any]:
    """Return the schemas of all kinds, by name."""
    kinds = sorted(_below(Answer), key=lambda kind: kind.__name__)
    return dict(models_json_schema([(kind, "validation") for kind in kinds], ref_template=_PLACE)[1]["$defs"])


def _below(kind: type[Answer]) -> Iterator[type[Answer]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def sometimes(words: str) -> Any:
    """Describe a member that is not always there, and say when it is."""
    return Field(default_factory=_nothing, description=words)


def _nothing() -> Never:
    raise TypeError("answers are not made of their descriptions")


# -- shapes -----------------------------------------------------------------------------------------------------------

Position = Annotated[list[float], Field(min_length=2, max_length=2)]
"""Longitude and latitude in CGCS2000."""
Ring = Annotated[list[Position], Field(min_length=4)]


class Point(Answer):
    """A GeoJSON point."""

    type: Literal["Point"]
    coordinates: Position


class Polygon(Answer):
    """A GeoJSON polygon."""

    type: Literal["Polygon"]
    coordinates: list[Ring]


class MultiPolygon(Answer):
    """A GeoJSON polygon of one or more parts."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[Ring]]


Geometry = Point | Polygon | MultiPolygon


class Link(Answer):
    """Where the next page is."""

    rel: Literal["next"]
    type: str
    href: str

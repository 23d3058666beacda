"""The page of a plan as a good user of Folium writes it today, its libraries asked of the same server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import folium
import geopandas as gpd
import shapely

from app.geo.plan import Plan

__all__ = ["LIBRARIES", "draw_with_folium", "fetch_libraries"]

LIBRARIES = {
    "leaflet": ("leaflet@1.9.3", "dist/leaflet.js"),
    "jquery": ("jquery@3.7.1", "dist/jquery.min.js"),
    "bootstrap": ("bootstrap@5.2.2", "dist/js/bootstrap.bundle.min.js"),
    "awesome_markers": ("leaflet.awesome-markers@2.0.5", "dist/leaflet.awesome-markers.js"),
    "leaflet_css": ("leaflet@1.9.3", "dist/leaflet.css"),
    "bootstrap_css": ("bootstrap@5.2.2", "dist/css/bootstrap.min.css"),
    "glyphicons_css": ("", ""),
    "awesome_markers_font_css": ("@fortawesome/fontawesome-free@6.2.0", "css/all.min.css"),
    "awesome_markers_css": ("leaflet.awesome-markers@2.0.5", "dist/leaflet.awesome-markers.css"),
    "awesome_rotate_css": ("", ""),
}
"""What Folium 0.20 links, as npm has it: the package and the file in it. The two that npm has not are served empty."""

COMMUNITY = {
    "community_code": "编码",
    "name": "社区",
    "grids": "网格",
    "households": "户数",
    "in_band": "规模内",
    "divisible": "可分",
    "cost": "代价",
    "message": "说明",
}
UNIT = {"unit_id": "单元", "kind": "类别", "households": "户数"}
FILLS = ("#a6cee3", "#b2df8a", "#fdbf6f", "#cab2d6", "#ffff99", "#fb9a99")
TOLD = {"grid_code": "编码", "name": "网格", "households": "户数"}
TOLD_MORE = TOLD | {
    "persons": "人口",
    "area_m2": "面积",
    "sides_east": "东至",
    "sides_south": "南至",
    "sides_west": "西至",
    "sides_north": "北至",
    "reason": "说明",
}


def fetch_libraries(folder: Path) -> None:
    """Unpack the packages into a folder, those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in sorted({package for package, _ in LIBRARIES.values() if package}):
        if (folder / package).exists():
            continue
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        (folder / package).mkdir(parents=True)
        subprocess.run(["tar", "xzf", packed, "-C", package, "--strip-components=1"], cwd=folder, check=True)
        (folder / packed).unlink()


def draw_with_folium(plan: Plan, *, whole: bool = False, decimals: int | None = None) -> str:
    """Draw grids with tooltip and popup, borders and streets, in canvas and without a base map.

    Where it is to hold the `whole` of what our page holds, as far as Folium has it, there are units, off at first,
    outlines of communities, names of streets in tooltips, and a table of communities beside the map. With `decimals`
    the coordinates are rounded first, as somebody does who knows how Folium writes them.
    """
    west, south, east, north = plan.communities.total_bounds
    middle = [(south + north) / 2, (west + east) / 2]
    beside = {"position": "absolute", "left": "32%", "width": "68%"} if whole else {}
    page = folium.Map(middle, tiles=None, prefer_canvas=True, **beside)
    page.default_js = [(name, address(name)) for name, _ in folium.Map.default_js]
    page.default_css = [(name, address(name)) for name, _ in folium.Map.default_css]
    streets = plan.streets[["highway", "name", "geometry"]]
    folium.GeoJson(
        rounded(streets, decimals),
        name="街巷",
        style_function=lambda _: {"color": "#999999", "weight": 1},
        tooltip=folium.GeoJsonTooltip(["name"], ["街巷"]) if whole else None,
    ).add_to(page)
    grids = plan.grids[[*TOLD_MORE, "geometry"]].copy()
    grids["fill"] = [FILLS[number % len(FILLS)] for number in range(len(grids))]
    folium.GeoJson(
        rounded(grids, decimals),
        name="网格",
        style_function=lambda one: {"fillColor": one["properties"]["fill"], "fillOpacity": 0.6, "weight": 0},
        highlight_function=lambda _: {"weight": 3},
        tooltip=folium.GeoJsonTooltip(list(TOLD), list(TOLD.values())),
        popup=folium.GeoJsonPopup(list(TOLD_MORE), list(TOLD_MORE.values())),
    ).add_to(page)
    folium.GeoJson(
        rounded(plan.borders[["barrier", "name", "geometry"]], decimals),
        name="边界",
        style_function=lambda one: {"color": "#1f6fb5" if one["properties"]["barrier"] == "water" else "#222222"},
    ).add_to(page)
    if whole:
        add_the_rest(page, plan, decimals)
    folium.LayerControl().add_to(page)
    page.fit_bounds([[south, west], [north, east]])
    return str(page.get_root().render())


def add_the_rest(page: folium.Map, plan: Plan, decimals: int | None) -> None:
    """Add what our page has besides."""
    folium.GeoJson(
        rounded(plan.units[[*UNIT, "geometry"]], decimals),
        name="最小划分单元",
        style_function=lambda _: {"color": "#4d566a", "weight": 1, "fillOpacity": 0},
        tooltip=folium.GeoJsonTooltip(list(UNIT), list(UNIT.values())),
        show=False,
    ).add_to(page)
    folium.GeoJson(
        rounded(plan.communities[["name", "geometry"]], decimals),
        name="社区界线",
        style_function=lambda _: {"color": "#5b2a86", "weight": 6, "opacity": 0.3, "fillOpacity": 0},
        interactive=False,
    ).add_to(page)
    table = plan.communities[list(COMMUNITY)].rename(columns=COMMUNITY).to_html(index=False, border=0)
    place = "position:absolute;left:0;top:0;width:32%;height:100%;overflow:auto"
    page.get_root().html.add_child(folium.Element(f'<div style="{place}">{table}</div>'))


def address(library: str) -> str:
    package, file = LIBRARIES[library]
    return f"/libraries/{package}/{file}" if package else f"/libraries/{library}"


def rounded(frame: gpd.GeoDataFrame, decimals: int | None) -> gpd.GeoDataFrame:
    if decimals is None:
        return frame
    return frame.set_geometry(
        shapely.transform(frame.geometry.to_numpy(), lambda places: places.round(decimals)), crs=frame.crs
    )

"""Make the county: `python -m gis_data.make_county [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from gis_data.make_county.county import draw_county
from gis_data.make_county.write import as_written, write_layers

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "county"
    write_layers(folder / "county.gpkg", as_written(draw_county().layers))

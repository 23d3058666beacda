"""Make the county: `python -m gis_data.make_county [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from gis_data.make_county.folder import write_county

if __name__ == "__main__":
    write_county(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "county")

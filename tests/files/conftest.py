"""Files of tests need not survive a power cut, so nothing waits for the disk."""

from __future__ import annotations

import pyogrio
import pytest


@pytest.fixture(scope="session", autouse=True)
def _hasty_disk():
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    yield
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})

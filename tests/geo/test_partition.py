"""What a partition is charged for."""

from __future__ import annotations

import numpy as np

from app.geo.partition import band_distance


def test_band_distance():
    counts = np.array([0.0, 299.0, 300.0, 500.0, 512.0])
    assert band_distance(counts, 300, 500).tolist() == [300, 1, 0, 0, 12]

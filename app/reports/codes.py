"""QR codes 二维码, as a drawing and as a picture."""

from __future__ import annotations

import io

import numpy as np
import segno
from numpy.typing import NDArray

__all__ = ["qr_modules", "write_qr_png", "write_qr_svg"]

QUIET = 4
"""Empty modules around a code, as the standard asks."""


def write_qr_svg(text: str) -> bytes:
    """Draw a code as SVG."""
    held = io.BytesIO()
    segno.make(text, error="m", micro=False).save(held, kind="svg", scale=8, border=QUIET, light="white")
    return held.getvalue()


def write_qr_png(text: str) -> bytes:
    """Draw a code as PNG."""
    held = io.BytesIO()
    segno.make(text, error="m", micro=False).save(held, kind="png", scale=12, border=QUIET)
    return held.getvalue()


def qr_modules(text: str) -> NDArray[np.uint8]:
    """Return the modules of a code with their margin: 1 dark, 0 light."""
    code = segno.make(text, error="m", micro=False)
    return np.array([list(row) for row in code.matrix_iter(border=QUIET)], dtype=np.uint8)

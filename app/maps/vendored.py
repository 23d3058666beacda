"""Scripts, styles and images of others, kept in the package: only what the manifest names is ever handed out."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path

__all__ = ["inline_images", "read_vendored"]

VENDOR = Path(__file__).parent / "vendor"

REMEDY = "name it in app/maps/vendor/manifest.json and run app/maps/vendor/fetch.py --update"


@cache
def _vendored_files() -> frozenset[str]:
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    return frozenset(entry["file"] for package in manifest["packages"] for entry in package["files"])


def read_vendored(link: str) -> str:
    """Return the text of a vendored file.

    Raises
    ------
    ValueError
        It is not among the files of the manifest.
    """
    if link not in _vendored_files():
        raise ValueError(f"the page asks for {link}, which is not vendored: {REMEDY}")
    return (VENDOR / link).read_text("utf-8")


def inline_images(style: str, link: str) -> str:
    """Replace the images of a style, which came from `link`, by their content."""

    def inline(match: re.Match[str]) -> str:
        target = match[1].strip("\"'")
        if target.startswith("#"):
            return match[0]
        file = f"{link.rpartition('/')[0]}/{target}"
        if file not in _vendored_files():
            raise ValueError(f"{link} asks for {target}, which is not vendored: {REMEDY}")
        return f"url(data:image/png;base64,{base64.b64encode((VENDOR / file).read_bytes()).decode()})"

    return re.sub(r"url\(([^)]*)\)", inline, style)

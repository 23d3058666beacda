"""Scripts and styles that the service hands out, at addresses that change with their content, for browsers to keep."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.maps.vendored import inline_images, read_vendored

__all__ = ["PAGES", "Asset", "bundle_scripts", "bundle_styles", "read_page_part"]

PAGES = Path(__file__).parent / "pages"

SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*$")


@dataclass(frozen=True)
class Asset:
    """One file a page asks for."""

    address: str
    """`/static/<digest>/<name>`: other content has another address."""
    content: bytes
    media_type: str


def bundle_scripts(name: str, vendored: Sequence[str], own: Sequence[str]) -> Asset:
    """Put vendored scripts and those of this package together, in their order."""
    texts = [SOURCE_MAP.sub("", read_vendored(link)) for link in vendored]
    return _bundle(name, [*texts, *map(read_page_part, own)], "text/javascript; charset=utf-8")


def bundle_styles(name: str, vendored: Sequence[str], own: Sequence[str]) -> Asset:
    """Put vendored styles, their images within them, and those of this package together."""
    texts = [inline_images(read_vendored(link), link) for link in vendored]
    return _bundle(name, [*texts, *map(read_page_part, own)], "text/css; charset=utf-8")


def read_page_part(name: str) -> str:
    """Return a file of `app/maps/pages`."""
    return (PAGES / name).read_text("utf-8")


def _bundle(name: str, texts: Sequence[str], media_type: str) -> Asset:
    content = "\n".join(texts).encode()
    return Asset(f"/static/{hashlib.sha256(content).hexdigest()[:16]}/{name}", content, media_type)

"""A Folium document that opens from disk: scripts, styles and images are inlined and no other host is ever asked.

Folium hands its pages together from links to other hosts, writes texts through templates and templates the result once
more. Here links go through an allow-list of vendored files, and data never meets a template: it is one JSON block that
the page's scripts put in place as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import folium
from branca.element import CssLink, Figure, JavascriptLink
from folium.template import Template

from app.maps.assets import Asset
from app.maps.vendored import inline_images, read_vendored

__all__ = ["OfflineFigure", "OfflineMap", "escape_json"]

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}

# What of Leaflet these maps don't have: the link to its home in the attribution control, and a source map.
NOT_INLINED = re.compile(r"""<a href="https://leafletjs\.com"[^>]*>|(?<=Leaflet)</a>|\n//# sourceMappingURL=\S+\s*$""")


class OfflineMap(folium.Map):
    """A Folium map without tiles, attribution control, jQuery, Bootstrap or icon fonts; the page's styles size it.

    Pinch and browser zoom stay allowed: Folium's own template forbids them. `start` names the function of this
    package's scripts that is called with the map; it gives the map its first view.
    """

    default_js = [("leaflet", "leaflet/leaflet.js")]  # noqa: RUF012 - Folium declares it so
    default_css = [("leaflet_css", "leaflet/leaflet.css")]  # noqa: RUF012

    _template = Template(
        """
        {% macro html(this, kwargs) %}<div class="folium-map" id="{{ this.get_name() }}"></div>{% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});
        {{ this.start }}({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, name: str, *, start: str, **options: Any) -> None:
        super().__init__(tiles=None, attribution_control=False, zoom_control=False, **options)
        self.start = start
        self._name, self._id = "map", name  # Folium's ids are random; a page is to be the same for the same plan


class OfflineFigure(Figure):
    """One self-contained document: vendored links inlined, its policy forbids every other host.

    Parameters
    ----------
    title
        Plain text.
    language
        `zh` or `en`.
    body
        HTML put before the elements of Folium. Trusted: it comes from a file of this package, never from data.
    styles, scripts
        CSS and JavaScript of this package; the scripts run before those of Folium's elements.
    data
        Values by the id of the block from which scripts read them.
    linked
        A style and a script that hold all of the above, to be asked for where the service hands the page out: browsers
        keep them from page to page. Without them the page holds everything and opens from disk.
    """

    def __init__(
        self,
        *,
        title: str,
        language: str,
        body: str,
        styles: Sequence[str],
        scripts: Sequence[str],
        data: Mapping[str, Any],
        linked: tuple[Asset, Asset] | None = None,
    ) -> None:
        super().__init__(title=title)
        self.linked = linked
        self.plain_title, self.language = title, LANGUAGE_TAGS[language]
        self.body, self.styles, self.scripts, self.data = body, tuple(styles), tuple(scripts), dict(data)

    def render(self, **kwargs: Any) -> str:
        """Render the whole document.

        Raises
        ------
        ValueError
            An element asks for a script or style that is not among the vendored files, or loads something by itself.
        """
        for child in self._children.values():
            child.render(**kwargs)
        vendored_styles, vendored_scripts = self._inline_links()
        styles = [] if self.linked else [*vendored_styles, *self.styles]
        scripts = [] if self.linked else [*vendored_scripts, *self.scripts]
        scripts.append(self.script.render(**kwargs))
        style_link, script_link = "", ""
        if self.linked:
            style, script = (html.escape(asset.address) for asset in self.linked)
            style_link, script_link = f'<link rel="stylesheet" href="{style}">\n', f'\n<script src="{script}"></script>'
        body = self.body + self.html.render(**kwargs)
        _forbid_loading(body)
        for text in (*styles, *scripts):
            _forbid_end_tags(text)
        parts = [
            f"<title>{html.escape(self.plain_title)}</title>\n",
            style_link,
            *(f"<style>{text}</style>\n" for text in map(_plain_newlines, styles)),
            "</head>\n<body>\n",
            body,
            *(
                f'\n<script type="application/json" id="{html.escape(name)}">{escape_json(value)}</script>'
                for name, value in self.data.items()
            ),
            script_link,
            *(f"\n<script>{text}</script>" for text in map(_plain_newlines, scripts)),
            "\n</body>\n</html>\n",
        ]
        policy = _policy(styles, scripts, linked=self.linked is not None)
        head = (
            f'<!DOCTYPE html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<link rel="icon" href="data:,">\n'
        )
        return head + "".join(parts)

    def _inline_links(self) -> tuple[list[str], list[str]]:
        """Return the vendored styles and scripts for which the elements have left links in the header."""
        styles, scripts = [], []
        for name, element in self.header._children.items():  # noqa: SLF001 - branca has no other way
            if isinstance(element, CssLink):
                styles.append(inline_images(read_vendored(element.url), element.url))
            elif isinstance(element, JavascriptLink):
                scripts.append(NOT_INLINED.sub("", read_vendored(element.url)))
            elif name != "meta_http":
                raise ValueError(f"{name} writes into the head of the page; give its style as a file of app/maps/pages")
        return styles, scripts


def escape_json(value: Any) -> str:
    """Write a value as JSON that can stand inside a script element: nothing in it can end the element or a line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _plain_newlines(text: str) -> str:
    """Write newlines as a browser reads them, so that hashes agree."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _policy(styles: Sequence[str], scripts: Sequence[str], *, linked: bool) -> str:
    """Allow exactly these inline styles and scripts, those of the service where linked, and images within the page."""

    def hashes(texts: Sequence[str]) -> str:
        digests = (hashlib.sha256(_plain_newlines(text).encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    own = "'self' " if linked else ""
    asks = "connect-src 'self'; " if linked else ""
    return (
        f"default-src 'none'; script-src {own}{hashes(scripts)}; style-src {own}{hashes(styles)}; "
        f"img-src {own}data:; {asks}"
        "base-uri 'none'; form-action 'none'"
    )


class _Loading(HTMLParser):
    """Notes elements and attributes that would load something or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "iframe", "object", "embed", "base"}:
            self.found.append(f"<{tag}>")
        for name, _ in attrs:
            if name in {"src", "srcset", "style"} or name.startswith("on"):
                self.found.append(f"{tag} {name}")


def _forbid_loading(text: str) -> None:
    parser = _Loading()
    parser.feed(text)
    parser.close()
    if parser.found:
        raise ValueError(f"the body of a page loads or runs something by itself: {', '.join(parser.found)}")


def _forbid_end_tags(text: str) -> None:
    found = re.search(r"</(script|style)|<!--", text, re.IGNORECASE)
    if found:
        raise ValueError(f"a script or style of the page holds {found[0]!r}, which would end its element")

"""The frame of map pages: only vendored files get in, only they and the page's own scripts may run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import folium
import pytest
from branca.element import CssLink, Element, JavascriptLink

from app.maps import vendored
from app.maps.offline import OfflineFigure, OfflineMap, escape_json

MANIFEST = json.loads((vendored.VENDOR / "manifest.json").read_text("utf-8"))


def figure(**parts):
    settings = {"title": "t", "language": "zh", "body": "<p></p>", "styles": [], "scripts": [], "data": {}} | parts
    return OfflineFigure(**settings)


class Scripts(HTMLParser):
    """Collects what stands in scripts that run, in styles, and in the policy."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.texts, self.policy = "", {"script": [], "style": []}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in self.texts and given.get("type") != "application/json":
            self.inside = tag
            self.texts[tag].append("")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_endtag(self, tag):  # noqa: ARG002
        self.inside = ""

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside][-1] += data


def test_vendored_files_are_those_of_the_manifest():
    listed = {entry["file"]: entry["sha256"] for package in MANIFEST["packages"] for entry in package["files"]}
    found = {
        file.relative_to(vendored.VENDOR).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in vendored.VENDOR.iterdir()
        if folder.is_dir() and folder.name != "__pycache__"
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert found == listed


def test_every_vendored_package_brings_its_licence():
    for package in MANIFEST["packages"]:
        assert package["licence"]
        assert any(entry["file"].endswith("LICENSE") for entry in package["files"])


def test_manifest_names_no_host_and_no_folder_of_a_machine():
    assert not re.search(r"https?:|/tmp|/home|/root|/work", (vendored.VENDOR / "manifest.json").read_text("utf-8"))


@pytest.mark.parametrize("link", [JavascriptLink("https://cdn.example/d3.js"), CssLink("https://cdn.example/a.css")])
def test_link_that_is_not_vendored_stops_the_page(link):
    page = figure()
    page.header.add_child(link)
    with pytest.raises(ValueError, match=r"asks for https://cdn\.example/.*not vendored"):
        page.render()


def test_element_of_folium_that_brings_its_own_links_stops_the_page():
    page = figure()
    page.add_child(folium.Map(location=[32, 118], tiles=None))
    with pytest.raises(ValueError, match="not vendored"):
        page.render()


def test_element_that_writes_into_the_head_stops_the_page():
    page = figure()
    page.header.add_child(Element("<style>body{background:url(https://example)}</style>"), name="own_style")
    with pytest.raises(ValueError, match="own_style writes into the head"):
        page.render()


@pytest.mark.parametrize(
    "body",
    [
        "<script>1</script>",
        '<img src="x">',
        '<p onclick="1">',
        '<p style="color:red">',
        '<link rel="stylesheet" href="a.css">',
        '<iframe srcdoc="x"></iframe>',
    ],
)
def test_body_that_loads_or_runs_something_stops_the_page(body):
    with pytest.raises(ValueError, match="loads or runs something"):
        figure(body=body).render()


@pytest.mark.parametrize("script", ["'</script>'", "'</SCRIPT >'", "'<!--'"])
def test_script_that_would_end_its_element_stops_the_page(script):
    with pytest.raises(ValueError, match="would end its element"):
        figure(scripts=[script]).render()


def test_policy_allows_exactly_the_scripts_and_styles_of_the_page():
    page = figure(styles=["p{}\r\n"], scripts=["let a = 1;\r\n", "let b = 2;"])
    page.add_child(OfflineMap("m", start="start"))
    found = Scripts(page.render())
    rules = dict(rule.split(" ", 1) for rule in found.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag in ("script", "style"):
        digests = {
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in found.texts[tag]
        }
        assert set(rules[f"{tag}-src"].split()) == digests
    assert len(found.texts["script"]) == 4  # Leaflet, the two given, the map's own


def test_images_of_leaflets_style_are_in_the_page():
    page = figure()
    page.add_child(OfflineMap("m", start="start"))
    style = "".join(Scripts(page.render()).texts["style"])
    assert set(re.findall(r"url\(([a-z#]+)", style)) == {"data", "#default#"}
    assert style.count("url(data:image/png;base64,") == 3


def test_the_same_map_is_the_same_text():
    def render():
        page = figure()
        page.add_child(OfflineMap("m", start="start"))
        return page.render()

    assert render() == render()


@pytest.mark.parametrize("title", ["<b>&\"'", "{{ 7*7 }}{% raise %}"])
def test_title_stays_text(title):
    class Title(HTMLParser):
        text = ""

        def handle_data(self, data):
            if self.lasttag == "title":
                self.text += data

    parser = Title()
    parser.feed(figure(title=title).render().split("</title>")[0])
    parser.close()
    assert parser.text == title


@pytest.mark.parametrize("text", ["</script>", "<!--", "a&b", "\u2028\u2029", "{{ 7*7 }}", "${1}`", '"\\'])
def test_json_in_a_page_reads_back_and_cannot_end_its_element(text):
    written = escape_json({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not re.search("[<>&\u2028\u2029]", written)


def test_json_in_a_page_refuses_what_browsers_cannot_read():
    with pytest.raises(ValueError, match="JSON"):
        escape_json(float("nan"))

"""A page is served to this machine only, and nothing but that page."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from app.serving import serve_page


@pytest.fixture
def address(tmp_path):
    (tmp_path / "map.html").write_text("<title>地图</title>", "utf-8")
    (tmp_path / "plan.gpkg").write_text("not for the web")
    with serve_page(tmp_path / "map.html") as address:
        yield address


def test_the_page_is_given_as_it_is(address):
    with urllib.request.urlopen(address) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.read().decode() == "<title>地图</title>"


@pytest.mark.parametrize("path", ["plan.gpkg", "map.html/../plan.gpkg", "%2e%2e/plan.gpkg", "?x"])
def test_nothing_else_is_given(address, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address + path)
    assert refused.value.code == 404
    refused.value.close()


def test_only_this_machine_is_answered(address):
    assert address.startswith("http://127.0.0.1:")


def test_nothing_answers_when_the_block_has_ended(tmp_path):
    (tmp_path / "map.html").write_text("gone")
    with serve_page(tmp_path / "map.html") as address:
        pass
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address)

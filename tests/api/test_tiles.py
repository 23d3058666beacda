"""The base map: fetched by the service with its own token, kept, and missed by nobody when it is silent."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.api.base_map import LARGEST_TILE, MOST_KEPT_BYTES, BaseMap
from app.settings import BaseMapSettings, read_settings

PICTURE = b"\x89PNG\r\n\x1a\n" + b"ground"
TOKEN = "t0ken-of-the-county"  # noqa: S105  no secret of anybody


@dataclass
class Source:
    """A server of tiles: what it was asked, and how it answers."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes = PICTURE


@pytest.fixture
def source() -> Iterator[Source]:
    """Run a server that gives a tile to whoever has the token."""
    state = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer as the state says."""
            state.asked.append(self.path)
            known = parse_qs(urlsplit(self.path).query).get("tk") == [TOKEN]
            self.send_response(state.status if known else 403)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield state
        server.shutdown()


@pytest.fixture
def with_map(live, source):
    """Return a function that asks a service whose base map is that server."""
    application = live.application.app
    before = application.state.service
    settings = BaseMapSettings((f"{source.address}/vec/{{z}}/{{x}}/{{y}}?tk={{token}}",), TOKEN, "天地图")

    async def start() -> httpx.AsyncClient:
        client = httpx.AsyncClient(trust_env=False)
        application.state.service = replace(before, base_map=BaseMap(settings, client))
        return client

    client = live.runner.run(start())
    yield lambda address, role="community": live.asking(role).get(address)
    application.state.service = before
    live.runner.run(client.aclose())


def test_a_tile_comes_from_the_other_side_once_and_the_token_stays_here(with_map, source):
    first, second = with_map("/tiles/0/14/13000/6000"), with_map("/tiles/0/14/13000/6000")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content == PICTURE
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"].startswith("private, max-age=")
    assert source.asked == [f"/vec/14/13000/6000?tk={TOKEN}"]
    assert TOKEN not in str(first.headers) + first.text


@pytest.mark.parametrize("address", ["/tiles/1/3/1/1", "/tiles/0/3/8/1", "/tiles/0/3/1/8", "/tiles/0/0/1/0"])
def test_beyond_the_layers_and_the_world_there_is_no_tile_and_nobody_is_asked(with_map, source, address):
    assert with_map(address).status_code == 404
    assert source.asked == []


@pytest.mark.parametrize("address", ["/tiles/0/19/1/1", "/tiles/0/3/-1/1", "/tiles/0/3/1/a", "/tiles/0/3/1/1?tk=x"])
def test_what_is_no_place_is_refused(with_map, source, address):
    assert with_map(address).status_code in (400, 404)
    assert source.asked == []


def test_strangers_get_no_tile(with_map, source):
    assert with_map("/tiles/0/3/1/1", "").status_code == 401
    assert source.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, PICTURE),
        (302, b""),
        (200, b"<html><script>alert(1)</script>"),
        (200, PICTURE + bytes(LARGEST_TILE)),
        (418, PICTURE),
    ],
    ids=["fault", "elsewhere", "page", "large", "strange"],
)
def test_what_is_no_picture_is_not_handed_on_and_the_other_side_is_left_alone_for_a_while(
    with_map, source, status, body
):
    source.status, source.body = status, body
    refused = with_map("/tiles/0/5/1/1")
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    source.status, source.body = 200, PICTURE
    assert with_map("/tiles/0/5/2/2").status_code == 503
    assert len(source.asked) == 1


@pytest.mark.parametrize("status", [204, 400, 404, 410])
def test_where_the_other_side_has_no_tile_nothing_is_shown_and_the_map_goes_on(with_map, source, status):
    source.status, source.body = status, b"" if status == 204 else b"none"
    empty = [with_map("/tiles/0/5/1/1") for _ in range(2)]
    assert [(one.status_code, one.headers["content-type"]) for one in empty] == [(200, "image/gif")] * 2
    assert len(source.asked) == 1
    source.status, source.body = 200, PICTURE
    assert with_map("/tiles/0/5/2/2").content == PICTURE


def test_places_without_a_tile_are_not_kept_without_end(live, source, monkeypatch):
    monkeypatch.setattr("app.api.base_map.MOST_KEPT", 10)
    source.status, source.body = 404, b"none"

    async def go() -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            base = BaseMap(BaseMapSettings((f"{source.address}/{{z}}/{{x}}/{{y}}?tk={{token}}",), TOKEN), client)
            for x in range(30):
                assert await base.read(0, 10, x, 1) is None
            return len(base._kept)

    assert live.runner.run(go()) == 10


def test_without_a_base_map_there_are_no_tiles(live):
    assert live.asking("community").get("/tiles/0/3/1/1").status_code == 404


def test_what_is_kept_has_an_end(live, source):
    source.body = PICTURE + bytes(LARGEST_TILE // 2)

    async def go() -> tuple[int, int]:
        async with httpx.AsyncClient(trust_env=False) as client:
            base = BaseMap(BaseMapSettings((f"{source.address}/{{z}}/{{x}}/{{y}}?tk={{token}}",), TOKEN), client)
            for x in range(40):
                await base.read(0, 10, x, 1)
            kept = sum(len(one.content) for one in base._kept.values() if one)
            return kept, len(base._kept)

    kept, number = live.runner.run(go())
    assert kept <= MOST_KEPT_BYTES
    assert 20 < number < 40


def test_no_address_that_is_asked_stands_in_the_log(source):
    program = (
        "import httpx; from app.api.logs import set_up_logging; set_up_logging();"
        f"assert httpx.get('{source.address}/?tk={TOKEN}', trust_env=False).status_code == 200"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert TOKEN not in done.stderr + done.stdout
    assert source.asked == [f"/?tk={TOKEN}"]


# -- settings ---------------------------------------------------------------------------------------------------------


def read(**environ: str) -> BaseMapSettings | None:
    return read_settings(environ, results_to_terminal=False, progress_to_terminal=False).service.base_map


def test_tianditu_is_chosen_by_a_word_and_needs_a_token(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n", "utf-8")
    chosen = read(JIEXIANG_BASE_MAP="tianditu", JIEXIANG_BASE_MAP_TOKEN_FILE=str(tmp_path / "token"))
    assert [("LAYER=vec" in one, "LAYER=cva" in one) for one in chosen.layers] == [(True, False), (False, True)]
    assert (chosen.token, chosen.credit) == (TOKEN, "天地图")
    assert TOKEN not in repr(chosen)
    with pytest.raises(ValueError, match="TOKEN_FILE"):
        read(JIEXIANG_BASE_MAP="tianditu")


def test_any_tiles_may_be_laid_under_the_grids():
    chosen = read(
        JIEXIANG_BASE_MAP="http://gis/a/{z}/{y}/{x} http://gis/b/{z}/{y}/{x}", JIEXIANG_BASE_MAP_CREDIT="县局"
    )
    assert (len(chosen.layers), chosen.credit) == (2, "县局")
    assert read() is None


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "GCJ-02"),
        ("https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={y}", "GCJ-02"),
        ("https://online3.map.bdimg.com/tile/?x={x}&y={y}&z={z}", "BD-09"),
        ("https://tiles.example/{z}/{x}", "读不懂"),
        ("file:///etc/{x}/{y}/{z}", "读不懂"),
        ("osm", "读不懂"),
        ("http://gis:80a/{z}/{x}/{y}", "读不懂"),
        ("http://[gis/{z}/{x}/{y}", "读不懂"),
    ],
)
def test_tiles_that_are_shifted_or_none_are_refused(address, word):
    with pytest.raises(ValueError, match=word):
        read(JIEXIANG_BASE_MAP=address)


def test_the_map_of_whoever_signed_in_names_the_tiles_of_this_service_and_no_other(with_map, source):
    page = with_map("/plan").text
    assert '"layers":["/tiles/0/{z}/{x}/{y}"]' in page
    assert source.address not in page
    assert TOKEN not in page

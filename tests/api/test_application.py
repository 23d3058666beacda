"""What holds of every route: problems that leak nothing, headers of safety, numbers, logs, figures, pages."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import io
import json
import logging
import re
import sys

import pytest
from asgi_client import Client
from starlette.requests import ClientDisconnect
from toy_service import NO_STORE, DrawnBoards, make_client, make_service

from app.api.application import PUBLIC, build, build_inside
from app.api.errors import STATUSES, describe_failure
from app.api.logs import JsonLines, RequestLog
from app.api.reference import write_reference
from app.geo import errors as geo_errors
from app.settings import ServiceSettings
from app.store import errors as store_errors
from app.store.errors import NoAnswer

POINT = {"lon": 120.0051234, "lat": 30.0051234}


class BrokenBoards(DrawnBoards):
    """Fails as a fault of ours would, with a secret in its words."""

    async def on(self, _day):
        raise RuntimeError("password=hunter2")


class SlowBoards(DrawnBoards):
    async def on(self, _day):
        await asyncio.sleep(30)


def client_of(boards, **settings) -> Client:
    service = make_service(ServiceSettings(**{"log_requests": False, **settings}), boards)
    return Client(build(service.settings, service.figures, service), {"X-Test-Caller": "county"})


@pytest.mark.parametrize("path", ["/nothing", "/locate/", "/%00", "/locate%2f", "/街巷"])
def test_an_address_that_does_not_exist_is_a_problem_too(county, path):
    answer = county.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:jiexiang:problem:not-found"


def test_a_method_that_is_not_taken_is_a_problem_too(county):
    answer = county.delete("/locate")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "GET, POST"


def test_a_fault_of_ours_tells_its_number_and_nothing_else(capsys):
    client = client_of(BrokenBoards())
    answer = client.get("/locate", params={**POINT, "at": "2026-01-01"})
    client.close()
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_what_takes_too_long_is_ended_and_told_to_come_again():
    client = client_of(SlowBoards(), seconds=0.05)
    answer = client.get("/locate", params={**POINT, "at": "2026-01-01"})
    client.close()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


def test_what_is_under_way_when_the_service_stops_is_told_to_come_again():
    client = client_of(SlowBoards())

    async def stop_meanwhile():
        asking = asyncio.create_task(client.inner.get("/locate", params={**POINT, "at": "2026-01-01"}))
        await asyncio.sleep(0.1)
        asking.cancel()  # as a worker does that ends
        return await asking

    answer = client.runner.run(stop_meanwhile())
    client.close()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(OSError(errno.ENOSPC, "full"), 503), (ClientDisconnect(), 400), (OSError(errno.EIO, ""), 500)],
)
def test_a_full_disk_and_a_client_that_is_gone_are_no_faults_of_ours(error, status):
    assert describe_failure(error)[0].status == status


async def _ask_no_store():
    async with NO_STORE.reading():
        pass


def test_nobody_is_told_where_a_database_is_that_does_not_answer():
    with pytest.raises(NoAnswer) as caught:
        asyncio.run(_ask_no_store())
    assert "127.0.0.1" in caught.value.english  # for the log, and for who runs it
    status, chinese, english, _ = describe_failure(caught.value)
    assert (status.status, chinese, english) == (503, "数据库没有应答", "the database does not answer")


def test_a_log_without_room_keeps_nobody_from_an_answer():
    answered = False
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "w", buffering=1) as full:  # noqa: PTH123
        RequestLog(full).line("GET", "/locate", 200, 0.001, 10, "1234abcd", "key:1")
        answered = True  # closing it raises
    assert answered


def test_every_failure_of_the_trees_has_its_status():
    trees = (geo_errors.JiexiangError, store_errors.StoreError)
    known = [kind for tree in trees for kind in tree.__subclasses__() if kind.__module__ != "app.api.errors"]
    for kind in known:
        if kind.__name__ not in ("StoreError", "DivisionError", "RequestError") and not kind.__name__.startswith("_"):
            assert kind.__name__ in STATUSES, kind


def test_no_status_is_422():
    assert 422 not in {row.status for row in STATUSES.values()}


def test_every_answer_bears_headers_of_safety_and_its_number(county):
    for answer in (county.get("/locate", params=POINT), county.get("/nothing"), county.get("/health/live")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"  # none at all would make our forms nobody's
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers["x-request-id"]) >= 8


def test_the_number_of_a_request_is_kept_where_it_can_be_one(county):
    given = county.get("/health/live", headers={"X-Request-Id": "abc-12345678"})
    assert given.headers["x-request-id"] == "abc-12345678"
    odd = county.get("/health/live", headers={"X-Request-Id": 'a"b\\c<script>'})
    assert odd.headers["x-request-id"] != 'a"b\\c<script>'


def test_the_log_has_the_template_of_the_route_and_nothing_of_what_was_asked(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    client = client_of(DrawnBoards(), log_requests=True)
    client.get("/locate", params=POINT)
    client.get("/locate", params={"address": "阳光花园3栋"})
    client.get("/secret-path-120.005")
    client.close()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["route"] for line in lines] == ["/locate", "/locate", "(none)"]
    assert lines[0]["status"] == 200
    assert lines[0]["caller"] == "user:wang"
    for secret in ("120.005", "30.005", "阳光", "lon=", "secret-path"):
        assert secret not in written.getvalue()


def test_a_failure_is_logged_with_its_places_but_without_its_values():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("x")  # noqa: LOG001  one that nobody else hears
    logger.addHandler(handler)
    try:
        raise ValueError("13800000001")
    except ValueError:
        logger.exception("a request failed")
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert "test_application" in line["places"]
    assert "13800000001" not in stream.getvalue()


def test_figures_count_by_route_and_are_for_those_who_are_known(county, asking):
    county.get("/locate", params=POINT)
    county.get("/locate", params={"lon": 1})
    told = county.get("/metrics").text
    assert 'jiexiang_requests_total{method="GET",route="/locate",status="200"}' in told
    assert 'jiexiang_requests_total{method="GET",route="/locate",status="400"}' in told
    assert "jiexiang_grids 9.0" in told
    assert "120.005" not in told
    assert asking("").get("/metrics").status_code == 401


def test_health_is_for_everybody(asking):
    assert asking("").get("/health/live").json()["status"] == "live"
    assert asking("").get("/health/ready").json() == {"status": "ready", "grids": 9}


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/health/ready"])
def test_unknown_parameters_are_refused_everywhere(county, path):
    answer = county.get(path, params={"debug": "1"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "query.debug"


@pytest.fixture(scope="module")
def document():
    service = make_service(ServiceSettings())
    return build_inside(service).openapi()


def operations(document):
    return [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]


def test_every_route_is_described_with_its_failures_and_who_may_ask(document):
    assert len(operations(document)) >= 5
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert "422" not in operation["responses"]
        assert "application/problem+json" in operation["responses"]["400"]["content"]
        assert ("security" in operation) is ((method, path) not in PUBLIC), path


def test_every_parameter_is_described(document):
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (path, method, parameter["name"])


def test_look_ups_have_examples(document):
    for method in ("get", "post"):
        assert document["paths"]["/locate"][method]["responses"]["200"]["content"]["application/json"]["examples"]


def test_every_route_but_health_wants_to_know_who_asks(document, asking):
    nobody = asking("")
    for path, method, _ in operations(document):
        if (method, path) in PUBLIC:
            continue
        answer = nobody.request(method.upper(), path.replace("{", "").replace("}", ""))
        assert answer.status_code == 401, (path, method, answer.text)


def test_the_document_itself_can_be_fetched(asking):
    answer = asking("").get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")


def test_the_reference_tells_every_route_and_asks_no_other_host(asking, document):
    answer = asking("").get("/docs")
    for path, method, _ in operations(document):
        assert f'<span class="method">{method.upper()}</span> <h3 class="path">{path}</h3>' in answer.text
    assert not re.search(r'<script|<link (?!rel="icon" href="data:,">)|<img|https?://(?!127\.0\.0\.1)', answer.text)
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy


def test_the_reference_escapes_what_it_tells():
    operation = {"tags": ["<b>"], "summary": "<script>", "responses": {"200": {"description": "<i>"}}}
    document = {"info": {"title": "<u>", "version": "1", "description": "&"}, "paths": {"/<x>": {"get": operation}}}
    page, _ = write_reference(document)
    assert not re.search(r"<(script|b|i|u|x)>", page)


def test_a_client_of_the_county_may_ask_without_a_log():
    client = make_client()
    assert client.get("/locate", params=POINT).status_code == 200
    client.close()

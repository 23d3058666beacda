"""Other systems are told of changes: signed, in order, at least once, tried again until they acknowledge."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import time
from typing import Annotated

import httpx
from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from app.api.areas import Caller
from app.api.bodies import LARGEST, Body
from app.api.changes import tell_change
from app.api.document.answers import answer
from app.api.document.examples import WEBHOOK, WEBHOOKS
from app.api.document.plans import WebhookMade, Webhooks
from app.api.errors import Forbidden
from app.api.routing import StrictRoute
from app.api.service import Asking, Boards, Changing, Serving, json_response
from app.store.areas import COUNTY
from app.store.changes import read_changes, read_revisions
from app.store.connect import Store
from app.store.errors import StoreError
from app.store.webhooks import add_webhook, claim_due, note_delivery, note_failure, read_webhooks, remove_webhook

__all__ = ["SIGNATURE", "Deliveries", "router", "sign"]

router = APIRouter(route_class=StrictRoute, tags=["变更 changes"])
log = logging.getLogger("jiexiang.webhooks")

SIGNATURE = "X-Jiexiang-Signature"
MOST_CHANGES = 500
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 1.0
LARGEST_PORT = 65_535

Id = Annotated[int, Path(ge=1, le=LARGEST, description="编号 number")]


def _sendable(url: str) -> str:
    """Refuse an address that looks like one, but that nothing could be sent to."""
    try:
        parsed = httpx.URL(url)
        name = parsed.host.encode("idna")  # as it will be looked up
    except (httpx.InvalidURL, UnicodeError) as error:
        raise PydanticCustomError("address_unusable", "its host or port cannot be an address") from error
    if not name or (parsed.port is not None and not 1 <= parsed.port <= LARGEST_PORT):
        raise PydanticCustomError("address_unusable", "its host or port cannot be an address")
    return url


class WebhookAsked(Body):
    """An address that shall be told."""

    url: Annotated[
        str, Field(pattern=r"^https?://[^\s/@\x00]+(/[^\s\x00]*)?$", max_length=500), AfterValidator(_sendable)
    ]


@router.get("/webhooks", summary="推送地址 Who is told of changes", responses=answer(WEBHOOKS, Webhooks))
async def webhooks(caller: Asking, service: Serving) -> Response:
    """List the addresses that are told, and how far each has come."""
    _may_tell(caller)
    async with service.store.reading() as connection:
        listed = await read_webhooks(connection)
    told = [
        {
            "id": one.id,
            "url": one.url,
            "delivered": one.delivered,
            "failures": one.failures,
            "next_attempt_at": one.next_attempt_at.isoformat(),
            "last_error": one.last_error,
        }
        for one in listed
    ]
    return json_response({"webhooks": told})


@router.post(
    "/webhooks",
    status_code=201,
    summary="新增推送地址 Tell another system of changes",
    responses=answer(WEBHOOK, WebhookMade, status=201),
)
async def add(caller: Asking, changing: Changing, asked: WebhookAsked) -> Response:
    """Add an address; the secret that signs what it is sent is told this once."""
    _may_tell(caller)
    async with changing() as connection:
        number, secret = await add_webhook(connection, asked.url, area=caller.area, created_by=caller.label)
    return json_response({"id": number, "url": asked.url, "secret": secret}, status_code=201)


@router.delete("/webhooks/{number}", status_code=204, summary="删除推送地址 Tell it no more")
async def remove(caller: Asking, changing: Changing, number: Id) -> Response:
    """Remove an address."""
    _may_tell(caller)
    async with changing() as connection:
        await remove_webhook(connection, number)
    return Response(status_code=204)


def _may_tell(caller: Caller) -> None:
    if caller.role != "county" or caller.area != COUNTY:
        raise Forbidden("只有县级管理员可以设置推送", "only the county may set up webhooks")


def sign(secret: bytes, at: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 of the time, a full stop and the body."""
    digest = hmac.new(secret, b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Deliveries:
    """Tells every address what it has not heard; of several workers one tells an address at a time."""

    def __init__(self, store: Store, boards: Boards, *, client: httpx.AsyncClient) -> None:
        self.store = store
        self.boards = boards
        self.client = client

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            try:
                while await self._tell_one():
                    pass
            except StoreError as error:
                log.warning("webhooks wait for the store: %s", error.english)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS), self.boards.changed:
                    await self.boards.changed.wait()

    async def _tell_one(self) -> bool:
        """Tell one address what is next; return whether there was any."""
        async with self.store.writing() as connection:
            due = await claim_due(connection)
            if due is None:
                return False
            found = await read_changes(connection, due.delivered, area=due.area, most=MOST_CHANGES)
            newest = (await read_revisions(connection)).changes
            last = found[-1].number if len(found) == MOST_CHANGES else newest
            error = ""
            if found:
                board = self.boards.current
                told = {"changes": [tell_change(board, one) for one in found], "last": last}
                error = await self._send(due.url, due.secret, json.dumps(told, ensure_ascii=False).encode())
            if error:
                await note_failure(connection, due.id, error)
            else:
                await note_delivery(connection, due.id, last)
        return True

    async def _send(self, url: str, secret: bytes, body: bytes) -> str:
        """Send a message; return '' where it was acknowledged, else what went wrong."""
        headers = {"Content-Type": "application/json", SIGNATURE: sign(secret, int(time.time()), body)}
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self.client.stream("POST", url, content=body, headers=headers) as answer,  # its body is not read
            ):
                return "" if answer.is_success else f"HTTP {answer.status_code}"
        except Exception as error:  # noqa: BLE001  nothing that fails at one address may keep the others waiting
            return type(error).__name__

"""Answers over a real connection: head and body together, everything in order, and no faster than somebody reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from app.api.connections import Connection

CHUNK = b"x" * 2**16
CHUNKS = 800


class Answering:
    """Answers `/many` in chunks, anything else with its path, and counts what it has sent."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self, scope, _receive, send) -> None:
        many = scope["path"] == "/many"
        body = scope["path"].encode()
        length = len(CHUNK) * CHUNKS if many else len(body)
        headers = [(b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(CHUNKS if many else 0):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            self.sent += 1
        await send({"type": "http.response.body", "body": b"" if many else body})


def _serve(ask: Callable[[int, Answering], Awaitable[None]]) -> None:
    """Let `ask` talk to a real server."""

    async def run() -> None:
        application = Answering()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(
                uvicorn.Config(application, http=Connection, lifespan="off", log_config=None, access_log=False)
            )
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await ask(listener.getsockname()[1], application)
            finally:
                server.should_exit = True
                await serving

    asyncio.run(run())


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


def test_head_and_body_come_together():
    async def ask(port: int, _application: Answering) -> None:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.setblocking(False)
            loop = asyncio.get_running_loop()
            for number in range(50):
                await loop.sock_sendall(plain, _request(f"/answer-{number}"))
                got = await loop.sock_recv(plain, 2**16)
                assert got.endswith(f"\r\n\r\n/answer-{number}".encode())

    _serve(ask)


def test_questions_sent_at_once_are_answered_in_order():
    async def ask(port: int, _application: Answering) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(_request(f"/{number}") for number in range(5)))
        for number in range(5):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == f"/{number}".encode()
        writer.close()

    _serve(ask)


def test_who_reads_slowly_is_waited_for_and_gets_everything():
    async def ask(port: int, application: Answering) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request("/many"))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        assert application.sent < CHUNKS / 2  # what the kernel holds, not all 50 MB
        assert await reader.readexactly(len(CHUNK) * CHUNKS) == CHUNK * CHUNKS
        writer.close()

    _serve(ask)


def test_the_last_answer_arrives_whole_before_the_connection_ends():
    async def ask(port: int, _application: Answering) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /last HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\n/last")
        writer.close()

    _serve(ask)

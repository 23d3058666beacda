"""A client of an application in this process, asked without `await`; everything it runs, runs in one loop."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from documented import fault_of

__all__ = ["Client"]


class Client:
    """Asks an application directly, without a network, and wants every answer to be as the OpenAPI document has it."""

    def __init__(self, application: Any, headers: dict[str, str], *, runner: asyncio.Runner | None = None) -> None:
        self.runner = runner or asyncio.Runner()
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        self.inner = httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Ask and wait for the answer."""
        response = self.runner.run(self.inner.request(method, url, **options))
        fault = fault_of(method, response)
        assert not fault, fault
        return response

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def patch(self, url: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", url, **options)

    def close(self) -> None:
        """Close what it opened."""
        self.runner.run(self.inner.aclose())
        self.runner.close()

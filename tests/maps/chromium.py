"""Chromium without a window, driven through its own DevTools pipe: no port, no driver, nothing to install beside it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Self

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


class PageError(Exception):
    """A script handed to the page threw something."""


class Browser:
    """One running Chromium; every page gets a context of its own, so none sees what another has stored."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.replies: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.sent = 0
        self.unread = b""

    def __enter__(self) -> Self:
        program = find_chromium()
        assert program is not None
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            # Chromium reads commands from descriptor 3 and answers on 4; both go by way of high numbers, lest one of
            # the pipes' own ends is 3 or 4 already.
            self.process = os.posix_spawn(
                program,
                [program, *FLAGS, f"--user-data-dir={self.profile}"],
                {**os.environ, "HOME": str(self.profile)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, read_commands, 103),
                    (os.POSIX_SPAWN_DUP2, write_answers, 104),
                    (os.POSIX_SPAWN_DUP2, 103, 3),
                    (os.POSIX_SPAWN_DUP2, 104, 4),
                    (os.POSIX_SPAWN_CLOSE, 103),
                    (os.POSIX_SPAWN_CLOSE, 104),
                    (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2),
                ],
            )
        os.close(read_commands)
        os.close(write_answers)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.write({"id": 0, "method": "Browser.close"})
        deadline = time.monotonic() + 10
        while os.waitpid(self.process, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.kill(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                break
            time.sleep(0.02)
        os.close(self.commands)
        os.close(self.answers)

    def open(
        self,
        page: Path,
        *,
        width: int = 1440,
        height: int = 900,
        phone: bool = False,
        address: str = "",
        before: str = "",
    ) -> Page:
        """Open a file at the size of a screen and wait until it has loaded.

        `address` is what follows #, `before` a script that runs before those of the page.
        """
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        opened = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            opened.call(f"{domain}.enable")
        opened.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        opened.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        opened.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        opened.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        opened.call("Page.navigate", url=page.resolve().as_uri() + (f"#{address}" if address else ""))
        opened.wait_for("document.readyState === 'complete'")
        return opened

    def call(
        self, method: str, session: str | None = None, /, timeout_s: float = 30, **parameters: Any
    ) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self.sent += 1
        number = self.sent
        command: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        self.write(command)
        deadline = time.monotonic() + timeout_s
        while number not in self.replies:
            self.read(deadline - time.monotonic())
        reply = self.replies.pop(number)
        if "error" in reply:
            raise PageError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def write(self, command: dict[str, Any]) -> None:
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self.commands, message) :]

    def read(self, timeout_s: float) -> None:
        if not select.select([self.answers], [], [], max(0.0, timeout_s))[0]:
            raise TimeoutError("Chromium gave no answer in time")
        piece = os.read(self.answers, 1 << 20)
        if not piece:
            raise PageError("Chromium has ended")
        *messages, self.unread = (self.unread + piece).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.replies[message["id"]] = message
            else:
                self.events.append(message)


class Page:
    """One open page: what it computes, what it asked for, what it complained of, how it looks."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser, self.session = browser, session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise PageError(answer["exceptionDetails"].get("exception", {}).get("description", "") or str(answer))
        return answer["result"].get("value")

    def wait_for(self, condition: str, timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=codes[key], **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=codes[key])

    def take_picture(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _events(self, method: str) -> list[dict[str, Any]]:
        self.run("0")
        own = [event for event in self.browser.events if event.get("sessionId") == self.session]
        return [event["params"] for event in own if event["method"] == method]

    @property
    def requests(self) -> list[str]:
        """Addresses the page has asked for, itself and what it holds inside apart."""
        addresses = [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [address for address in addresses[1:] if not address.startswith("data:")]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings in the console, forbidden loads included."""
        spoken = [
            " ".join(str(part.get("value", part.get("description"))) for part in event["args"])
            for event in self._events("Runtime.consoleAPICalled")
            if event["type"] in {"error", "warning", "assert"}
        ]
        thrown = [str(event["exceptionDetails"]) for event in self._events("Runtime.exceptionThrown")]
        entries = [event["entry"] for event in self._events("Log.entryAdded")]
        return spoken + thrown + [entry["text"] for entry in entries if entry["level"] in {"error", "warning"}]

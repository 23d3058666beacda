"""Who asks: a system by its key in a header, a person or the holder of a link by a cookie; never by an address.

What was found out is believed for less than a second, so that a key or link that is revoked or a session that ends is
refused within one, and a busy system does not ask the database each time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from urllib.parse import unquote

from app.api.areas import Caller, caller_of, holder_of
from app.api.errors import Forbidden, NotSignedIn, TooMany
from app.api.frontdoor import Scope
from app.api.peers import is_peer
from app.api.rates import Rates
from app.settings import ServiceSettings
from app.store.connect import Store
from app.store.keys import find_key, note_use
from app.store.links import MARK, find_link
from app.store.users import find_user, read_session

__all__ = ["COOKIE", "LONGEST_SECRET", "Identities", "refuse_other_sites", "session_token"]

COOKIE = "jiexiang"
BELIEVED_SECONDS = 0.8
RENEWED_SECONDS = 0.4
NOTED_SECONDS = 60.0
MOST_REMEMBERED = 10_000
LONGEST_SECRET = 200
LINK_PATHS = frozenset({"/m/area", "/m/people", "/m/notes"})
"""All that the holder of a link may ask."""
VOUCHED = b"\x00vouched:"
"""Before a name for which an entrance vouches; no header and no cookie can begin like this."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Identities:
    """Finds out who asks, and remembers it for a moment."""

    def __init__(self, store: Store, settings: ServiceSettings) -> None:
        self.store = store
        self.settings = settings
        self.rates = Rates(settings.requests_per_second, 2 * settings.requests_per_second)
        self._known: dict[bytes, tuple[float, Caller]] = {}
        self._asked: dict[bytes, asyncio.Task[Caller]] = {}
        self._noted: dict[int, float] = {}

    async def identify(self, scope: Scope) -> Caller:
        """Return who makes a request.

        Raises
        ------
        NotSignedIn
            Nobody who is known.
        Forbidden
            A page of another site makes a person's browser change something here.
        TooMany
            This caller asks too often.
        """
        given = _find_header(scope["headers"], b"authorization")
        named = self._named(scope) if self.settings.user_header else b""
        token = b"" if given else named or session_token(scope)
        secret = given or token
        known = self._known.get(secret)
        age = BELIEVED_SECONDS if known is None else time.monotonic() - known[0]
        if known is None or age >= BELIEVED_SECONDS:
            if not secret or len(secret) > LONGEST_SECRET:
                raise _unknown()
            caller = await asyncio.shield(self._ask_once(secret, given, token))
        else:
            caller = known[1]
            if age >= RENEWED_SECONDS:  # ask again before it is too old, so that nobody has to wait for it
                self._ask_once(secret, given, token)
        wait = self.rates.take(caller.label)
        if wait:
            raise TooMany("请求过于频繁，请稍后再试", "too many requests; wait", retry_seconds=wait)
        if caller.kind == "link" and scope["path"] not in LINK_PATHS:
            raise _unknown()
        if caller.kind != "key" and scope["method"] not in SAFE_METHODS:
            refuse_other_sites(scope)
        return caller

    def _named(self, scope: Scope) -> bytes:
        """Return the account that the county's own entrance has let in, marked as such; nothing where none is named.

        Raises
        ------
        NotSignedIn
            Somebody else than that entrance names one.
        """
        named = [value for name, value in scope["headers"] if name == self.settings.user_header.encode()]
        if not named:
            return b""
        client = scope.get("client") or ("",)
        if len(named) > 1 or not is_peer(client[0], self.settings.peers):
            raise NotSignedIn("请从统一入口进入", "come in by the county's own entrance")
        return VOUCHED + bytes(named[0])

    def forget(self, scope: Scope) -> None:
        """Forget who makes a request: the session has ended."""
        self._known.pop(session_token(scope), None)

    def _ask_once(self, secret: bytes, given: bytes, token: bytes) -> asyncio.Task[Caller]:
        """Ask the store, together with whoever is asking for the same already."""
        task = self._asked.get(secret)
        if task is None:
            task = asyncio.create_task(self._ask_and_remember(secret, given, token))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # told to whoever waits
            self._asked[secret] = task
        return task

    async def _ask_and_remember(self, secret: bytes, given: bytes, token: bytes) -> Caller:
        began = time.monotonic()
        try:
            caller = await self._ask(given, token)
        except NotSignedIn:
            self._known.pop(secret, None)
            raise
        finally:
            del self._asked[secret]
        before = self._known.get(secret)
        if before is not None and before[1] == caller:  # the same object: what is kept by it is found the faster
            caller = before[1]
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[secret] = began, caller
        return caller

    async def _ask(self, given: bytes, token: bytes) -> Caller:
        try:
            text = (given or token).decode("utf-8" if token.startswith(VOUCHED) else "ascii")
        except UnicodeDecodeError:
            raise _unknown() from None
        if given:
            kind, _, presented = text.partition(" ")
            if kind.lower() != "bearer":
                raise _unknown()
            async with self.store.reading() as connection:
                key = await find_key(connection, presented.strip())
            if key is None:
                raise _unknown()
            await self._note(key.id)
            return Caller("key", key.id, key.name, key.role, key.area)
        if token.startswith(VOUCHED):
            async with self.store.reading() as connection:
                user = await find_user(connection, unquote(text.removeprefix(VOUCHED.decode())))
            if user is None:
                raise _unknown()
            return caller_of(user)
        if text.startswith(MARK):
            async with self.store.reading() as connection:
                link = await find_link(connection, text)
            if link is None:
                raise _unknown()
            return holder_of(link)
        async with self.store.writing() as connection:
            user = await read_session(connection, text)
        if user is None:
            raise _unknown()
        return caller_of(user)

    async def _note(self, key_id: int) -> None:
        now = time.monotonic()
        if self._noted.get(key_id, -NOTED_SECONDS) + NOTED_SECONDS <= now:
            self._noted[key_id] = now
            async with self.store.writing() as connection:
                await note_use(connection, key_id)


def session_token(scope: Scope) -> bytes:
    """Return the token of the session that a request belongs to, or nothing."""
    for part in _find_header(scope["headers"], b"cookie").split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == COOKIE.encode():
            return value if value.isascii() and value.decode("ascii").isprintable() else b""
    return b""


def refuse_other_sites(scope: Scope) -> None:
    """Refuse what the page of another site asks in the name of whoever is signed in here.

    Raises
    ------
    Forbidden
        The browser says that it comes from elsewhere.
    """
    origin = _find_header(scope["headers"], b"origin")
    fetched = _find_header(scope["headers"], b"sec-fetch-site")
    elsewhere = bool(origin) and origin.partition(b"://")[2] != _find_header(scope["headers"], b"host")
    if elsewhere or fetched not in (b"", b"same-origin", b"none"):
        raise Forbidden("请求来自别的网站", "the request comes from another site")


def _find_header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def _unknown() -> NotSignedIn:
    return NotSignedIn("请先登录，或用有效的密钥", "sign in, or send a key that is valid")

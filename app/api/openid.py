"""The county's own sign-in by OpenID Connect: the code flow with PKCE, state, nonce and a checked signature.

What is learnt of a person is one thing, the name of an account here; tokens of the other side are kept nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from app.api.errors import NotSignedIn
from app.settings import OidcSettings
from app.store.errors import StoreUnavailable

__all__ = ["LEAVE_PATH", "RETURN_PATH", "Journey", "OpenId"]

LEAVE_PATH = "/sign-in/county"
RETURN_PATH = "/sign-in/county/return"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures with a public key; never `none`, and nothing that our own secret could sign."""
DISCOVERED_SECONDS = 600.0
ANSWER_SECONDS = 10.0
LEEWAY_SECONDS = 60.0


@dataclass(frozen=True)
class Journey:
    """What a browser takes along to the county's sign-in and must bring back; nobody else knows it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> Journey:
        """Return a new one."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, text: str) -> Journey | None:
        """Read one as it was written into a cookie."""
        parts = text.split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None

    def write(self) -> str:
        """Write it for a cookie."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


class OpenId:
    """Speaks with the county's sign-in."""

    def __init__(self, settings: OidcSettings, public_url: str, client: httpx.AsyncClient) -> None:
        self.settings = settings
        self.client = client
        self.return_url = f"{public_url}{RETURN_PATH}"
        self._discovered: tuple[float, dict[str, Any]] | None = None

    async def address(self, journey: Journey) -> str:
        """Return where the browser is sent."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(journey.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.return_url,
            "scope": "openid profile",
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discover())["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def find_name(self, code: str, journey: Journey) -> str:
        """Exchange a code for the name of the account that has signed in there.

        Raises
        ------
        NotSignedIn
            The code, or what was given for it, does not hold.
        StoreUnavailable
            The county's sign-in does not answer.
        """
        known = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.return_url,
            "client_id": self.settings.client_id,
            "code_verifier": journey.verifier,
            **({"client_secret": self.settings.client_secret} if self.settings.client_secret else {}),
        }
        answer = await self._ask("POST", known["token_endpoint"], data=form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused()
        keys = await self._ask("GET", known["jwks_uri"])
        claims = self._verify(token, keys)
        name = claims.get(self.settings.claim)
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), journey.nonce.encode()):
            raise _refused()
        if not isinstance(name, str) or not name.strip():
            raise _refused()
        return name

    def _verify(self, token: str, keys: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience and time hold."""
        import jwt  # with its library of ciphers, which a service without such a sign-in has no use for

        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            known = jwt.PyJWKSet.from_dict(keys).keys
            fitting = [key for key in known if header.get("kid") in (None, key.key_id)]
            if algorithm not in ALGORITHMS or len(fitting) != 1:
                raise _refused()
            claims: dict[str, Any] = jwt.decode(
                token,
                fitting[0],
                algorithms=[algorithm],
                audience=self.settings.client_id,
                issuer=self.settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise _refused() from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.settings.client_id:
            raise _refused()
        return claims

    async def _discover(self) -> dict[str, Any]:
        """Return the discovery document, asked for anew every ten minutes."""
        now = time.monotonic()
        if self._discovered is None or now - self._discovered[0] > DISCOVERED_SECONDS:
            address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            known = await self._ask("GET", address)
            wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if known.get("issuer") != self.settings.issuer or not all(
                isinstance(known.get(one), str) for one in wanted
            ):
                raise _silent()
            self._discovered = now, known
        return self._discovered[1]

    async def _ask(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self.client.request(method, address, timeout=ANSWER_SECONDS, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _silent() from error
        if answer.is_server_error:
            raise _silent()
        try:
            told = answer.json()
        except ValueError as error:
            raise _silent() from error
        if not answer.is_success or not isinstance(told, dict):
            raise _refused()
        return told


def _refused() -> NotSignedIn:
    return NotSignedIn("统一登录没有成功，请再试一次", "the county's sign-in did not succeed; try once more")


def _silent() -> StoreUnavailable:
    return StoreUnavailable("统一登录暂时没有应答", "the county's sign-in does not answer for the moment")

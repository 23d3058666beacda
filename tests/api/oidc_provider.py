"""A small OpenID provider in a process of its own: discovery, code flow with PKCE, signed ID tokens.

Each first part of a path is an issuer of its own: `good` is as it should be, the others have one fault each, which is
what their names say. It prints its port, lets everybody in as the account named in the environment, and asks nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CLIENT, SECRET = "jiexiang", "a secret of the client"
CODES: dict[str, dict[str, str]] = {}


class Provider(BaseHTTPRequestHandler):
    """Answers as an issuer does."""

    def do_GET(self) -> None:
        """Answer discovery, keys, and whoever wants to sign in."""
        address = urlsplit(self.path)
        mode = address.path.split("/")[1]
        issuer = f"http://127.0.0.1:{self.server.server_address[1]}/{mode}"
        if address.path.endswith("/.well-known/openid-configuration"):
            told = {
                "issuer": f"{issuer}x" if mode == "other-issuer" else issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys",
            }
            self._tell(200, told)
        elif address.path.endswith("/keys"):
            shown = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
            self._tell(200, {"keys": [{**shown, "kid": "1", "use": "sig", "alg": "RS256"}]})
        else:
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            code = secrets.token_urlsafe()
            CODES[code] = {**asked, "issuer": issuer}
            self.send_response(303)
            self.send_header(
                "Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            )
            self.end_headers()

    def do_POST(self) -> None:
        """Give a token for a code, once, to the client that it was made for and that knows the verifier."""
        mode = self.path.split("/")[1]
        form = {
            name: values[0]
            for name, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        asked = CODES.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = asked is not None and all(
            (
                challenge == asked["code_challenge"],
                asked["redirect_uri"] == form["redirect_uri"],
                (form["client_id"], form["client_secret"]) == (CLIENT, SECRET),
            )
        )
        if not fits or asked is None:
            self._tell(400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        claims = {
            "iss": f"{asked['issuer']}x" if mode == "wrong-issuer" else asked["issuer"],
            "aud": {"wrong-audience": "another", "two-audiences": [CLIENT, "another"]}.get(mode, CLIENT),
            "sub": "1",
            "iat": now - 7200 if mode == "expired" else now,
            "exp": now - 3600 if mode == "expired" else now + 60,
            "nonce": "another" if mode == "wrong-nonce" else asked["nonce"],
            "preferred_username": "u-nobody" if mode == "stranger" else os.environ["ACCOUNT"],
        }
        if mode == "unsigned":
            token = jwt.encode(claims, None, algorithm="none")
        elif mode == "signed-with-the-secret":
            token = jwt.encode(claims, SECRET * 2, algorithm="HS256", headers={"kid": "1"})
        else:
            token = jwt.encode(claims, OTHER_KEY if mode == "wrong-key" else KEY, "RS256", headers={"kid": "1"})
        self._tell(200, {"id_token": token, "access_token": "x", "token_type": "Bearer"})

    def _tell(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()

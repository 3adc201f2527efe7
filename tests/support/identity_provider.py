"""An OpenID Connect provider that speaks the protocol: discovery, the page where people sign in, codes that
work once, signed ID tokens, userinfo and the keys to check the signature.

People sign in on its page by pressing the button with their e-mail address.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "tocsin", "a-client-secret"


class IdentityProvider:
    """One provider on a free port. ``people``: claims by e-mail address; ``refused``: what broke the
    protocol."""

    def __init__(self, people: dict[str, dict[str, Any]]) -> None:
        self.people = people
        self.refused: list[str] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._kid = secrets.token_hex(4)
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, dict[str, Any]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def app(self) -> dict[str, Any]:
        """What goes into ``TOCSIN_OIDC_APPS``."""
        return {
            "provider_id": "house", "name": "House", "client_id": CLIENT, "secret": SECRET,
            "settings": {"server_url": self.issuer},
        }  # fmt: skip

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _get(self, call: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(call.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            _json(call, 200, self._discovery())
        elif parts.path == "/keys":
            public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
            _json(call, 200, {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": "RS256"}]})
        elif parts.path == "/authorize":
            self._authorize(call, asked)
        elif parts.path == "/userinfo":
            token = call.headers.get("Authorization", "").removeprefix("Bearer ")
            claims = self._tokens.get(token)
            _json(call, 200 if claims else 401, claims or {"error": "invalid_token"})
        else:
            _json(call, 404, {})

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, call: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        right = (
            asked.get("client_id") == CLIENT
            and asked.get("response_type") == "code"
            and "openid" in asked.get("scope", "").split()
            and asked.get("redirect_uri", "").startswith("http")
            and bool(asked.get("state"))
        )
        if not right:
            self.refused.append(f"authorize {asked}")
            _json(call, 400, {"error": "invalid_request"})
            return
        buttons = ""
        for email in self.people:
            code = secrets.token_urlsafe(16)
            self._codes[code] = {**asked, "email": email}
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            buttons += f'<p><a href="{html.escape(back)}">{html.escape(email)}</a></p>'
        _answer(call, 200, "text/html; charset=utf-8", f"<h1>Who are you?</h1>{buttons}".encode())

    def _post(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("Content-Length", 0))).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        scheme, _, given = call.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            sent["client_id"], _, sent["client_secret"] = base64.b64decode(given).decode().partition(":")
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT, SECRET):
            self.refused.append("client")
            _json(call, 401, {"error": "invalid_client"})
            return
        granted = self._codes.pop(sent.get("code", ""), None)
        if urlsplit(call.path).path != "/token" or not granted or not _same_request(granted, sent):
            self.refused.append("code")
            _json(call, 400, {"error": "invalid_grant"})
            return
        _json(call, 200, self._grant(granted))

    def _grant(self, granted: dict[str, str]) -> dict[str, Any]:
        now, email = int(time.time()), granted["email"]
        claims = {
            "sub": hashlib.sha256(email.encode()).hexdigest()[:16],
            "email": email,
            **self.people[email],
        }
        token = secrets.token_urlsafe(16)
        self._tokens[token] = claims
        about = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **claims}
        if "nonce" in granted:
            about["nonce"] = granted["nonce"]
        signed = jwt.encode(about, self._key, algorithm="RS256", headers={"kid": self._kid})
        return {"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": signed}


def _same_request(granted: dict[str, str], sent: dict[str, str]) -> bool:
    """The code is used by who asked for it: the same address to go back to, and the proof key if any."""
    if sent.get("grant_type") != "authorization_code" or sent.get("redirect_uri") != granted["redirect_uri"]:
        return False
    challenge = granted.get("code_challenge")
    if challenge is None:
        return True
    digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge


def _json(call: BaseHTTPRequestHandler, status: int, data: Any) -> None:
    _answer(call, status, "application/json", json.dumps(data).encode())


def _answer(call: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    call.send_response(status)
    call.send_header("Content-Type", kind)
    call.send_header("Content-Length", str(len(body)))
    call.send_header("Cache-Control", "no-store")
    call.end_headers()
    call.wfile.write(body)

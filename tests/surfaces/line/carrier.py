"""A carrier at the other end of the webhooks: it signs as the real one does and follows the documents."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from itertools import count
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from twilio.request_validator import RequestValidator

from tocsin.surfaces.line import links

TELNYX = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SECRETS = {
    "twilio": "twilio-token",
    "signalwire": "signalwire-token",
    "telnyx": base64.b64encode(TELNYX.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode(),
}
_refs = count(1)


def signature(carrier: str, url: str, body: str, *, at: float | None = None) -> dict[str, str]:
    """The headers the carrier proves itself with; those of Twilio are made by Twilio's own library."""
    if carrier == "telnyx":
        stamp = str(int(at or time.time()))
        signed = TELNYX.sign(f"{stamp}|{body}".encode())
        return {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": base64.b64encode(signed).decode()}
    secret = SECRETS.get(carrier) or links.built_in_secret()
    fields = dict(parse_qsl(body, keep_blank_values=True))
    name = "x-signalwire-signature" if carrier == "signalwire" else "x-twilio-signature"
    return {name: RequestValidator(secret).compute_signature(url, fields)}


class Phone:
    """One call that a carrier brings."""

    def __init__(self, carrier: str = "twilio", caller: str = "+14155550142") -> None:
        self.carrier, self.caller, self.sid = carrier, caller, f"CA{next(_refs):032d}"
        self.client = Client(enforce_csrf_checks=True)
        self.answer = self.posts(f"/line/{carrier}/call/")

    def posts(self, address: str, headers: Mapping[str, str] | None = None, **fields: str) -> HttpResponse:
        """A webhook about this call. ``headers`` stand in for the right signature."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = urlencode({"CallSid": self.sid, "From": self.caller, **fields})
        signed = signature(self.carrier, settings.TOCSIN_PUBLIC_URL + path, body)
        self.answer = self.client.post(
            path,
            body,
            content_type="application/x-www-form-urlencoded",
            headers=signed if headers is None else headers,
        )
        return self.answer

    @property
    def document(self) -> ElementTree.Element:
        assert self.answer.status_code == 200, self.answer.content
        return ElementTree.fromstring(self.answer.content)

    @property
    def says(self) -> str:
        return " ".join(one.text or "" for one in self.document.iter("Say"))

    def where(self, verb: str, attribute: str = "action") -> str:
        """An address in the document."""
        found = self.document.find(f".//{verb}")
        assert found is not None, self.answer.content
        return found.attrib[attribute]

    def keys(self, *entries: str) -> Phone:
        """Key these in, one document after the other; nothing at all is the redirect."""
        for digits in entries:
            if digits:
                self.posts(self.where("Gather"), Digits=digits)
            else:
                redirect = self.document.find("Redirect")
                assert redirect is not None
                self.posts(redirect.text or "")
        return self

    def speaks(self, key: str = "#") -> Phone:
        self.posts(
            self.where("Record"), RecordingDuration="3", Digits=key, RecordingUrl="https://x.example/r"
        )
        return self

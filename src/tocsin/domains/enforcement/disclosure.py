"""What is written for the person decided about must not give away who reported (handbook §5.1).

Compared are the reporters' names, e-mail addresses, phone numbers and accounts, as they told us and as the
marketplace did, and the numbers of their reports; however they are spelled. A part of a name counts where it
is written like a name, with a capital letter: "Grace" does, "grace" does not. What hints without naming,
nobody but a person can find.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import phonenumbers

from tocsin.core.crypto.normal import normal_email, normal_phone
from tocsin.core.crypto.seal import Shredded
from tocsin.core.errors import InvalidInput
from tocsin.core.ids.report_number import PREFIX
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.people.models import Account, Party
from tocsin.domains.people.queries import contacts_of
from tocsin.domains.people.records import party_profile
from tocsin.domains.reports import details
from tocsin.domains.reports.models import Report

_WORD = re.compile(r"\w+")
_EMAIL = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_DIGITS = re.compile(r"\d[\d\s().+/–-]{5,}\d")
#: As report numbers are read when somebody writes them down.
_READ_AS = {"I": "1", "L": "1", "O": "0"}
#: Shorter ones are words of any sentence.
_SHORTEST_PART, _SHORTEST_ID, _SHORTEST_PHONE = 3, 3, 7


@dataclass
class _Known:
    """What names the reporters of a case, normalised."""

    names: set[tuple[str, ...]] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)


def check(case: Case, subject: Account | None, name: str, text: str) -> None:
    """Do nothing when a text for ``subject`` names no reporter. ``name`` is the field it was written in.

    Raises:
        InvalidInput: it does; says what was found, and not its value.
    """
    found = given_away(case, subject, text)
    if found:
        what = " and ".join(found)
        raise InvalidInput(
            f"The text that the person will read holds {what} of somebody who reported.",
            "Take it out, or describe what happened in other words.",
            fields={name: f"Take out {what} of somebody who reported."},
            code="names_the_reporter",
        )


def given_away(case: Case, subject: Account | None, text: str) -> list[str]:
    """What of a reporter a text holds, in words; empty when nothing."""
    known = _known(case, subject)
    own = _name_of(subject.party) if subject is not None else ()
    found = {
        "the name": _has_name(text, known.names, set(own)),
        "the e-mail address": bool(known.emails & {normal_email(one) for one in _emails(text)}),
        "the phone number": _has_phone(text, known.phones),
        "the account": any(_has_id(text, one) for one in known.accounts),
        "the report number": any(_has_number(text, one) for one in known.numbers),
    }
    return [words for words, there in found.items() if there]


def _known(case: Case, subject: Account | None) -> _Known:
    known = _Known()
    cases = [one for one in (case.pk, case.merged_into_id) if one is not None]
    for report in Report.objects.select_related("reporter_account__party").filter(case_link__case__in=cases):
        known.numbers.add(report.number)
        if not _own(report.reporter_account, subject):
            _add_told(known, report)
    parties = CaseParty.objects.filter(part=CaseParty.Part.REPORTER, case__in=cases)
    for party in parties.select_related("account__party"):
        if not _own(party.account, subject):
            _add_account(known, party.account)
    return known


def _own(account: Account | None, subject: Account | None) -> bool:
    """Whether the reporter is the very person who reads it."""
    return account is not None and subject is not None and account.party_id == subject.party_id


def _add_told(known: _Known, report: Report) -> None:
    if report.reporter_account is not None:
        _add_account(known, report.reporter_account)
    try:
        told = details.opened(report)["reporter"]
    except Shredded:
        return
    _add(known, report.region, str(told["name"]), str(told["email"]), str(told["phone"]))
    known.accounts |= {str(told["account"])} - {""}


def _add_account(known: _Known, account: Account) -> None:
    known.accounts |= {account.external_id, account.pk}
    held = contacts_of(account.party)
    known.names |= {_name_of(account.party)} - {()}
    _add(known, account.region, "", held.get("email", ""), held.get("phone", ""))


def _add(known: _Known, region: str, name: str, email: str, phone: str) -> None:
    known.names |= {tuple(_words(name))} - {()}
    known.emails |= {one for one in [normal_email(email)] if one}
    number = normal_phone(phone, region.split("-")[0] or "US")
    if number is not None:
        known.phones.add(str(phonenumbers.parse(number).national_number))


def _name_of(party: Party) -> tuple[str, ...]:
    try:
        return tuple(_words(str(party_profile(party).get("name") or "")))
    except Shredded:
        return ()


def _plain(text: str) -> str:
    """Without accents, in small letters."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _words(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _has_name(text: str, names: Iterable[tuple[str, ...]], own: set[str]) -> bool:
    written = _WORD.findall(unicodedata.normalize("NFC", text))
    plain = " ".join(["", *(_plain(word) for word in written), ""])
    like_names = {_plain(word) for word in written if not word[:1].islower()} - own
    return any(
        (len(name) > 1 and f" {' '.join(name)} " in plain)
        or any(len(part) >= _SHORTEST_PART and part in like_names for part in name)
        for name in names
    )


def _emails(text: str) -> Iterator[str]:
    for found in _EMAIL.findall(text):
        yield found.strip(".!?'’»”*_")


def _has_phone(text: str, phones: Iterable[str]) -> bool:
    runs = ["".join(sign for sign in run if sign.isdigit()) for run in _DIGITS.findall(text)]
    return any(len(phone) >= _SHORTEST_PHONE and phone in run for phone in phones for run in runs)


def _has_id(text: str, ident: str) -> bool:
    edge = r"[\w-]"
    wanted = re.escape(_plain(ident))
    return len(ident) >= _SHORTEST_ID and bool(re.search(f"(?<!{edge}){wanted}(?!{edge})", _plain(text)))


def _has_number(text: str, number: str) -> bool:
    """Fifty random bits occur nowhere by chance, so blanks and signs between them do not matter."""
    return _symbols(number).removeprefix(PREFIX) in _symbols(text)


def _symbols(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(_READ_AS.get(sign, sign) for sign in plain if sign.isalnum())

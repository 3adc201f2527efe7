"""What a text alone says about a report: codes, a severity, how sure, and why. Pure.

Lists of danger words come first, then signs (concepts close together), then the text model. Each can only
raise. What is not clear is said to be unclear and goes to a person, who also reads everything from S0 to S2.
A text cannot ask for a severity: nothing here follows instructions.
"""

from __future__ import annotations

import msgspec

from tocsin.domains.reports.danger_words import find_danger
from tocsin.domains.reports.taxonomy import UNCLASSIFIED, current
from tocsin.domains.reports.taxonomy_form import Localised, Severity
from tocsin.domains.reports.text_features import plain
from tocsin.domains.reports.text_model import TextModel, packaged_model
from tocsin.domains.reports.text_signs import Seen, find_signs
from tocsin.domains.reports.triage import Reason

#: A sign counts as much as this much probability when codes are put in order.
_SIGN = 0.3
#: Below this confidence no code is clear. It and the limits below were chosen on the seen incidents only
#: (docs/decisions/triage.md).
CLEAR = 0.13
#: A second code is named when it reaches this share of the first.
_BESIDE = 0.5
_MOST_CODES = 3
#: When the codes of this severity and above together are as likely as this, it is raised to the second.
_LIMITS: tuple[tuple[Severity, float, Severity], ...] = (
    ("S0", 0.35, "S0"),
    ("S0", 0.2, "S1"),
    ("S1", 0.45, "S1"),
    ("S1", 0.3, "S2"),
)
_MOST_WORDS = 6
#: Taking words out one by one, to see which weigh, ends after so many.
_MOST_TRIED = 40

_LIKE = {
    "en": "The words are like those of other reports of this kind.",
    "es": "Las palabras se parecen a las de otros informes de este tipo.",
}
_GRAVE = {
    "en": "It may be one of several grave kinds, though it is not clear which.",
    "es": "Puede ser uno de varios tipos graves, aunque no está claro cuál.",
}
_UNCLEAR = {
    "en": "The words alone do not say clearly what this is about. A person decides.",
    "es": "Las palabras por sí solas no dicen con claridad de qué se trata. Decide una persona.",
}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read in a text.

    Attributes:
        codes: the likeliest first; only ``OTH.unclassified`` when nothing is clear.
        severity: the most severe of the reasons.
        confidence: how sure the first code is, 0 to 1.
        unclear: a person has to say what it is about.
        reasons: each with the severity it asks for and the words behind it.
    """

    codes: tuple[str, ...]
    severity: Severity
    confidence: float
    unclear: bool
    reasons: tuple[Reason, ...]


def read_text(text: str, model: TextModel | None = None) -> Reading:
    """Read a text in English or Spanish; in another language, mostly unclear."""
    using = model or packaged_model()
    likely = using.likely(text)
    signs = find_signs(text)
    scores = dict(likely)
    for code in {sign.code for sign in signs}:
        scores[code] = min(1.0, scores[code] + _SIGN)
    codes = _codes(scores) if plain(text) else ()
    unclear = not codes or codes == (UNCLASSIFIED,)
    reasons = [
        *(Reason(f"words:{one.id}", one.to, one.because, one.phrases) for one in find_danger(text)),
        *(_sign(sign) for sign in signs),
        *(_model(using, text, code) for code in codes if not unclear),
        *_together(likely),
    ]
    if unclear:
        codes = (UNCLASSIFIED,)
        reasons.append(Reason("unclear", _severity(UNCLASSIFIED), _UNCLEAR))
    return Reading(
        codes=codes,
        severity=min(reason.severity for reason in reasons),
        confidence=round(scores[codes[0]] if not unclear else max(scores.values()), 3),
        unclear=unclear,
        reasons=tuple(reasons),
    )


def _codes(scores: dict[str, float]) -> tuple[str, ...]:
    """The codes that are clear, best first, and none beside ``OTH.unclassified``."""
    ordered = sorted(scores, key=lambda code: -scores[code])
    best = ordered[0]
    if scores[best] < CLEAR or best == UNCLASSIFIED:
        return ()
    beside = [
        code
        for code in ordered[1:_MOST_CODES]
        if scores[code] >= max(CLEAR, _BESIDE * scores[best]) and code != UNCLASSIFIED
    ]
    return (best, *beside)


def _sign(sign: Seen) -> Reason:
    return Reason(f"sign:{sign.code}", sign.to or _severity(sign.code), _title(sign.code), sign.words)


def _model(model: TextModel, text: str, code: str) -> Reason:
    return Reason(f"model:{code}", _severity(code), _LIKE, _weighty(model, text, code))


def _together(likely: dict[str, float]) -> list[Reason]:
    """A raise for what is spread over several grave codes, each too unlikely alone."""
    for at_least, limit, to in _LIMITS:
        grave = [code for code in likely if _severity(code) <= at_least]
        if sum(likely[code] for code in grave) >= limit:
            named = sorted(grave, key=lambda code: -likely[code])[:_MOST_CODES]
            return [Reason("model:grave", to, _GRAVE, tuple(named))]
    return []


def _weighty(model: TextModel, text: str, code: str) -> tuple[str, ...]:
    """The words without which the code would be less likely, the weightiest first."""
    words = plain(text).split()
    whole = model.likely(text)[code]
    loss = {
        word: whole - model.likely(" ".join(other for other in words if other != word))[code]
        for word in list(dict.fromkeys(words))[:_MOST_TRIED]
    }
    heavy = sorted((word for word in loss if loss[word] > 0), key=lambda word: -loss[word])
    return tuple(heavy[:_MOST_WORDS])


def _severity(code: str) -> Severity:
    return current().entries[code].severity


def _title(code: str) -> Localised:
    return current().entries[code].title

"""Triage: worked examples, and the promise that nothing ever lowers a severity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domains.reports.danger_words import find_danger, packaged_words
from tocsin.domains.reports.taxonomy import current
from tocsin.domains.reports.triage import AGGRAVATORS, Triage, triage


def rules(outcome: Triage) -> list[str]:
    return [reason.rule for reason in outcome.reasons]


@pytest.mark.parametrize("code", sorted(current().codes()))
def test_a_code_alone_has_its_default(code: str) -> None:
    outcome = triage([code])
    assert outcome.severity == current().entries[code].severity
    assert rules(outcome) == [f"code:{code}"]
    assert outcome.unclassified is False


@pytest.mark.parametrize(
    ("codes", "facts", "aggravators", "severity", "why"),
    [
        (["CON.offensive_language", "SAF.threat"], {}, [], "S1", "code:SAF.threat"),
        (["CON.harassment"], {"safe_now": "no"}, [], "S0", "not_safe"),
        (["DEL.late"], {"safe_now": "no"}, [], "S0", "not_safe"),
        (["SAF.sexual_misconduct"], {"safe_now": "unknown"}, [], "S1", "safety_not_known"),
        (["DEL.late"], {"safe_now": "unknown"}, [], "S4", "code:DEL.late"),
        (["SAF.unsafe_premises"], {"safe_now": "unknown"}, [], "S3", "code:SAF.unsafe_premises"),
        (
            ["SAF.collision_no_injury"],
            {"injuries": "nobody is hurt"},
            [],
            "S2",
            "code:SAF.collision_no_injury",
        ),
        (["SAF.collision_no_injury"], {"injuries": "my neck hurts"}, [], "S0", "answer:injuries"),
        (["SAF.animal_attack"], {"injuries": "mordida en la mano"}, [], "S1", "answer:injuries"),
        (["SAF.unsafe_premises"], {"injuries": "I fell on my arm"}, [], "S2", "injuries"),
        (["FOO.allergen_error"], {"symptoms": "mild"}, [], "S0", "answer:symptoms"),
        (["FOO.allergen_error"], {"symptoms": "none"}, [], "S2", "code:FOO.allergen_error"),
        (["FOO.spoiled"], {"symptoms": "mild"}, [], "S2", "answer:symptoms"),
        (["FRD-X.customer_phishing"], {"shared_with_them": "code"}, [], "S1", "answer:shared_with_them"),
        (["CON.harassment"], {}, ["minor"], "S1", "aggravator:minor"),
        (["CON.offensive_language"], {}, ["minor", "weapon"], "S2", "aggravator:weapon"),
        (["SAF.threat"], {}, ["same_offender"], "S0", "aggravator:same_offender"),
        (["SAF.weapon"], {}, ["minor"], "S0", "aggravator:minor"),
        (["DEL.late"], {}, ["live_delivery"], "S4", "code:DEL.late"),
        (["CON.mishandling"], {}, ["live_delivery"], "S2", "aggravator:live_delivery"),
    ],
)
def test_worked_examples(
    codes: list[str], facts: dict[str, str], aggravators: list[str], severity: str, why: str
) -> None:
    outcome = triage(codes, facts, aggravators)  # type: ignore[arg-type]
    assert outcome.severity == severity
    assert why in rules(outcome)
    assert min(reason.severity for reason in outcome.reasons) == severity


def test_what_is_not_clear_goes_to_a_person_as_unclassified() -> None:
    for codes in ([], ["NO.such_code"]):
        outcome = triage(codes)
        assert (outcome.severity, outcome.codes, outcome.unclassified) == ("S3", ("OTH.unclassified",), True)
    mixed = triage(["DEL.late", "NO.such_code"])
    assert (mixed.severity, mixed.codes) == ("S3", ("DEL.late", "OTH.unclassified"))
    assert mixed.routed == ""


def test_routing_holds_only_while_nothing_raised_the_report() -> None:
    assert triage(["DEL.late"]).routed == "support"
    assert triage(["DEL.late", "OTH.feedback"]).routed == "support"
    assert triage(["PRV.data_rights_request"]).routed == "privacy"
    assert triage(["DEL.late", "PRV.data_rights_request"]).routed == ""
    assert triage(["DEL.late", "CON.harassment"]).routed == ""
    assert triage(["DEL.late"], narrative="he pulled a gun").routed == ""


def test_the_strictest_protection_of_all_codes_holds() -> None:
    outcome = triage(["DEL.missing", "SAF.sexual_assault"])
    assert (outcome.data_class, outcome.restricted, outcome.desk) == ("P4", True, "safety")
    assert outcome.protect == ("unmatch", "suspend_interim")
    assert triage(["DEL.missing"]).restricted is False


@pytest.mark.parametrize(
    ("words", "severity", "found"),
    [
        ("He pulled a gun on me", "S0", "words:weapon"),
        ("SACÓ UNA PISTOLA y me gritó", "S0", "words:weapon"),
        ("I can’t breathe", "S0", "words:life_at_risk"),
        ("dice que quiere morir", "S0", "words:self_harm"),
        ("the shopper is following me", "S0", "words:happening_now"),
        ("estoy escondida en el baño", "S0", "words:happening_now"),
        ("he said I know where you live", "S1", "words:threat_to_life"),
        ("me amenazó por mensaje", "S1", "words:threat_to_life"),
        ("he groped my friend", "S1", "words:sexual_assault"),
        ("the driver was drunk", "S1", "words:impaired"),
    ],
)
def test_danger_words_raise_in_either_language(words: str, severity: str, found: str) -> None:
    outcome = triage(["DEL.late"], narrative=words)
    assert (outcome.severity, rules(outcome)[-1]) == (severity, found)
    assert outcome.reasons[-1].detail
    assert outcome.reasons[-1].text["es"]


@pytest.mark.parametrize(
    "words",
    [
        "The glue gun I ordered did not come.",
        "These delays kill me.",
        "I ordered a knife set and shotgun shells of pasta",
        "Se quejó de una violación de privacidad",
        "grapefruit and rapeseed oil were missing",
        "the chicken was suspicious",
        "Please help me with a refund, it was high on the shelf",
        "ayúdenme con mi reembolso, falta la navaja de afeitar",
        "",
    ],
)
def test_harmless_words_raise_nothing(words: str) -> None:
    assert find_danger(words) == []
    assert triage(["DEL.late"], narrative=words).severity == "S4"


def test_every_phrase_of_every_list_is_found() -> None:
    for words in packaged_words():
        for phrase in (*words.en, *words.es):
            found = find_danger(f"well, {phrase.replace('*', '')} yes")
            assert words.id in [one.id for one in found], phrase


@pytest.mark.parametrize(
    ("answer", "hurt"),
    [
        ("no", False), ("None.", False), ("nobody was hurt in the crash", False), ("Nadie", False),
        ("ninguna", False), ("sin heridos", False), ("n/a", False), ("-", False), ("", False),
        ("unknown", False),
        (None, False), (False, False), ("not hurt", False),
        ("no, but my wrist hurts", True), ("not good", True), ("nose is broken", True), ("yes", True),
        ("un brazo roto", True), (True, True), ("nadie, solo yo", True),
    ],
)  # fmt: skip
def test_answers_about_injuries(answer: object, hurt: bool) -> None:
    assert (triage(["DEL.late"], {"injuries": answer}).severity == "S2") is hurt


codes = st.lists(st.sampled_from([*sorted(current().codes()), "NO.such_code"]), max_size=4)
answers = st.fixed_dictionaries(
    {},
    optional={
        "safe_now": st.sampled_from(["yes", "no", "unknown"]),
        "injuries": st.sampled_from(["no", "broken arm"]),
        "symptoms": st.sampled_from(["severe", "mild", "none", "unknown"]),
        "shared_with_them": st.sampled_from(["code", "nothing"]),
    },
)
narratives = st.sampled_from(["", "it was late", "he has a knife", "me amenazó"])
sets = st.sets(st.sampled_from(sorted(AGGRAVATORS)))


@given(codes, answers, sets, narratives)
def test_the_outcome_is_the_worst_of_its_reasons_and_never_changes(
    some: list[str], facts: dict[str, str], worse: set[str], words: str
) -> None:
    outcome = triage(some, facts, worse, words)  # type: ignore[arg-type]
    assert outcome.severity == min(reason.severity for reason in outcome.reasons)
    assert outcome == triage(some, facts, worse, words)  # type: ignore[arg-type]
    assert all(reason.text["en"] and reason.text["es"] for reason in outcome.reasons)


@given(
    codes,
    answers,
    sets,
    narratives,
    st.sampled_from(sorted(current().codes())),
    st.sampled_from(sorted(AGGRAVATORS)),
)
def test_more_never_lowers(
    some: list[str], facts: dict[str, str], worse: set[str], words: str, code: str, aggravator: str
) -> None:
    before = triage(some, facts, worse, words).severity  # type: ignore[arg-type]
    if some:
        assert triage([*some, code], facts, worse, words).severity <= before  # type: ignore[arg-type]
    assert triage(some, facts, worse | {aggravator}, words).severity <= before  # type: ignore[arg-type]
    assert triage(some, facts, worse, words + " he has a gun").severity == "S0"  # type: ignore[arg-type]
    assert triage(some, facts | {"safe_now": "no"}, worse, words).severity == "S0"  # type: ignore[arg-type]

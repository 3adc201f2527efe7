"""The taxonomy is whole, in plain words, and refuses to load when it does not hold together."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.readability import english_grade, spanish_ease
from tocsin.core.packs import packaged
from tocsin.domains.reports.danger_words import packaged_words
from tocsin.domains.reports.taxonomy import TaxonomyError, current, load_taxonomy
from tocsin.domains.reports.taxonomy_form import ANYBODY

# The default severities, written down a second time on purpose.
SEVERITIES = {
    "S0": "SAF.weapon SAF.assault_in_progress SAF.robbery SAF.missing_worker SAF.medical_emergency "
    "SAF.self_harm SAF.child_at_risk SAF.collision_injury",
    "S1": "SAF.physical_assault SAF.sexual_assault SAF.threat SAF.stalking SAF.impaired_driving "
    "ACC.customer_ato ACC.worker_ato ACC.credential_change FRD-W.different_person "
    "FOO.tampering FOO.recalled_item PRV.doxxing PRV.employee_misuse PRV.suspected_breach",
    "S2": "SAF.collision_no_injury SAF.sexual_misconduct SAF.reckless_driving SAF.animal_attack "
    "DIS.discriminatory_refusal DIS.slur DIS.service_animal_refusal CON.harassment "
    "CON.unsolicited_contact CON.age_restricted_handoff ACC.unauthorised_charge "
    "ACC.unauthorised_order FRD-C.stolen_payment FRD-C.gift_card_scam FRD-W.order_theft "
    "FRD-W.card_misuse FRD-W.account_renting FRD-X.customer_worker_collusion "
    "FRD-X.store_staff_collusion FRD-X.fake_support_caller FOO.allergen_error "
    "PRV.worker_misuse",
    "S3": "SAF.unsafe_premises CON.offensive_language CON.unsafe_drop CON.mishandling "
    "CON.retailer_conflict FRD-C.refund_abuse FRD-C.promo_ring FRD-C.tip_baiting "
    "FRD-C.chargeback_abuse FRD-W.gps_spoofing FRD-W.bot_batch_grabbing "
    "FRD-W.duplicate_account FRD-X.customer_phishing FOO.spoiled FOO.prohibited_item "
    "OTH.unclassified OTH.false_report",
    "S4": "DEL.missing DEL.damaged DEL.wrong_item DEL.wrong_address DEL.not_received DEL.late "
    "PRV.data_rights_request OTH.feedback",
}


def test_every_code_has_its_default_severity() -> None:
    expected = {code: severity for severity, codes in SEVERITIES.items() for code in codes.split()}
    assert {entry.code: entry.severity for entry in current()} == expected
    assert len(expected) == 69


def test_s4_and_only_s4_goes_to_other_teams() -> None:
    assert {entry.code for entry in current() if entry.routed} == set(SEVERITIES["S4"].split())
    assert current().entries["PRV.data_rights_request"].routed == "privacy"


def test_the_most_sensitive_reports_are_kept_apart() -> None:
    assert {entry.code for entry in current() if entry.restricted} == {
        "SAF.sexual_assault",
        "PRV.employee_misuse",
    }
    assert {entry.code for entry in current() if entry.data_class == "P4"} == {
        "SAF.sexual_assault",
        "SAF.child_at_risk",
        "SAF.self_harm",
        "PRV.employee_misuse",
    }


def test_everybody_can_report_danger() -> None:
    for entry in current():
        if entry.severity in ("S0", "S1") and entry.group != "SAF":
            assert "anonymous" in entry.reporters
    assert all(
        entry.reporters == ANYBODY
        for entry in current()
        if entry.code.startswith("SAF.") and entry.code != "SAF.missing_worker"
    )


def test_lookup() -> None:
    found = current().find("SAF.threat")
    assert found is not None
    assert (found.group, found.desk, found.title["en"]) == ("SAF", "safety", "Threat of harm")
    assert current().find("SAF.nothing") is None
    assert current().find("saf.threat") is None


def test_the_public_page_lists_every_code_once_under_its_group() -> None:
    page = current().public()
    assert [group.id for group, _ in page] == [
        "SAF",
        "DIS",
        "CON",
        "ACC",
        "FRD-C",
        "FRD-W",
        "FRD-X",
        "FOO",
        "DEL",
        "PRV",
        "OTH",
    ]
    listed = [entry.code for _, entries in page for entry in entries]
    assert sorted(listed) == sorted(current().codes())
    assert "FRD-C.tip_baiting" not in {e.code for _, entries in current().public("customer") for e in entries}
    assert "FRD-C.tip_baiting" in {e.code for _, entries in current().public("shopper") for e in entries}


def test_minimum_facts_are_asked_of_everybody() -> None:
    minimum = {
        "narrative", "safe_now", "reporter_role", "occurred_at", "place", "order", "other_person",
        "wanted_outcome",
        "contact_rules", "language", "access_needs", "evidence",
    }  # fmt: skip
    for entry in current():
        assert minimum <= {fact.key for fact in entry.facts}, entry.code


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ("ACC.customer_ato", {"last_own_use", "changed_fields", "device_known", "message_received"}),
        ("ACC.unauthorised_charge", {"charge_amount", "charge_date", "card_last4", "bank_told"}),
        ("FRD-X.fake_support_caller", {"caller_number", "script_used", "shared_with_them", "payout_changed"}),
        ("SAF.impaired_driving", {"signs_seen", "vehicle", "direction"}),
        ("FOO.tampering", {"item", "lot", "seal", "symptoms", "others_exposed", "item_kept"}),
        ("PRV.doxxing", {"which_data", "how_known", "who_has_it", "still_exposed"}),
        ("DIS.slur", {"words_or_act", "ground", "comparison"}),
        ("SAF.sexual_assault", {"injuries", "police_told", "advocate", "behaviour"}),
    ],
)
def test_special_facts(code: str, keys: set[str]) -> None:
    assert keys <= {fact.key for fact in current().entries[code].facts}


def test_nobody_who_was_harmed_is_asked_why() -> None:
    for fact in current().facts.values():
        assert not fact.label["en"].lower().startswith("why")
        assert "por qué" not in fact.label["es"].lower()
    behaviour = current().facts["behaviour"]
    assert behaviour.asked_by == "specialist"


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert load_taxonomy(folder).version == current().version
    assert len(current().version) <= 40
    change(folder / "codes" / "SAF.toml", "Weapon shown or used", "Weapon shown, or used")
    changed = load_taxonomy(folder)
    assert changed.content_hash != current().content_hash
    assert changed.version != current().version


def texts(language: str) -> list[tuple[str, str]]:
    """Every longer text of the taxonomy, with its place."""
    taxonomy = current()
    found = [(group.id, group.text[language]) for group in taxonomy.groups]
    found += [(entry.code, entry.text[language]) for entry in taxonomy]
    found += [(f"why {fact.key}", fact.why[language]) for fact in taxonomy.facts.values()]
    for entry in taxonomy:
        steps = [*entry.steps.now[language], *entry.steps.we[language], *entry.steps.outcomes[language]]
        found.append((f"steps {entry.code}", " ".join(steps)))
    return found


def test_texts_are_plain_in_both_languages() -> None:
    hard = [
        (place, round(english_grade(text), 1)) for place, text in passages("en") if english_grade(text) > 8
    ]
    assert hard == []
    dense = [(place, round(spanish_ease(text))) for place, text in passages("es") if spanish_ease(text) < 60]
    assert dense == []


def passages(language: str) -> list[tuple[str, str]]:
    """Texts joined to a length for which a reading scale means something: by group, and by next steps."""
    joined: dict[str, list[str]] = {}
    for place, text in texts(language):
        joined.setdefault("steps " + text[:20] if place.startswith("steps") else place[:3], []).append(text)
    return [(place, " ".join(parts)) for place, parts in joined.items()]


def test_the_two_languages_differ() -> None:
    for (place, english), (_, spanish) in zip(texts("en"), texts("es"), strict=True):
        assert english != spanish, place


def test_no_text_promises_a_time() -> None:
    for language in ("en", "es"):
        for place, text in texts(language):
            assert not any(symbol.isdigit() for symbol in text), place


def test_packs_and_danger_words_speak_of_codes_and_severities_that_exist() -> None:
    for pack in packaged().packs.values():
        for words in (pack.deactivation.egregious, pack.deactivation.zero_tolerance):
            assert set(words.value if words else ()) <= current().codes(), pack.id
    assert {words.to for words in packaged_words()} == {"S0", "S1"}


def copied(tmp_path: Path) -> Path:
    target = tmp_path / "taxonomy"
    shutil.copytree(str(files("tocsin") / "data" / "taxonomy"), target)
    return target


def change(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("codes/SAF.toml", 'code = "SAF.threat"', 'code = "CON.threat"', "wrong file"),
        ("codes/SAF.toml", 'code = "SAF.threat"', 'code = "SAF.weapon"', "twice"),
        ("codes/SAF.toml", 'path = "emergency"', 'path = "nowhere"', "not described"),
        ("codes/SAF.toml", '"all", "safety"', '"all", "luck"', "not described"),
        ("codes/SAF.toml", 'severity = "S0"', 'severity = "S9"', "severity"),
        ("codes/SAF.toml", 'desk = "safety"', 'desks = "safety"', "desk"),
        (
            "codes/SAF.toml",
            ', es = "Arma mostrada o usada"',
            "",
            "SAF.weapon.title must be there in en and es",
        ),
        ("codes/SAF.toml", "Arma mostrada o usada", "  ", "SAF.weapon.title"),
        ("codes/FOO.toml", '"severe"', '"sever"', "cannot be given"),
        ("codes/OTH.toml", "OTH.unclassified", "OTH.unclear", "no OTH.unclassified"),
        ("facts.toml", 'is = ["yes"]', 'is = ["ja"]', "cannot be given"),
        ("facts.toml", 'kind = "choice"', 'kind = "text"', "a choice has choices"),
        ("paths.toml", '  "Go to a safe place if you can. Leave the order behind.",\n', "", "same steps"),
        ("taxonomy.toml", 'version = "2026.1"', "version = 2026", "version"),
    ],
)
def test_a_taxonomy_that_does_not_hold_together_is_refused(
    tmp_path: Path, file: str, old: str, new: str, complaint: str
) -> None:
    folder = copied(tmp_path)
    change(folder / file, old, new)
    with pytest.raises(TaxonomyError, match=complaint):
        load_taxonomy(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder: Any = copied(tmp_path)
    (folder / "codes" / "FOO.toml").unlink()
    with pytest.raises(TaxonomyError, match=r"codes/FOO\.toml is missing"):
        load_taxonomy(folder)

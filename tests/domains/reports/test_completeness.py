"""The score of a report, and what is still worth asking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.domains.reports.completeness import completeness
from tocsin.domains.reports.taxonomy import current

LATE = current().entries["DEL.late"].facts


def everything(code: str) -> dict[str, str]:
    return {
        fact.key: fact.choices[0].value if fact.choices else "something"
        for fact in current().entries[code].facts
    }


def test_nothing_told_is_zero_and_asks_the_required_facts_first() -> None:
    found = completeness(["DEL.late"], {})
    assert found.score == 0
    assert [gap.key for gap in found.gaps[:2]] == ["narrative", "safe_now"]
    assert [gap.required for gap in found.gaps] == sorted((gap.required for gap in found.gaps), reverse=True)
    assert found.gaps[0].why["es"]


def test_everything_told_is_a_hundred() -> None:
    for code in current().codes():
        found = completeness([code], everything(code))
        assert (found.score, found.gaps, found.not_known) == (100, (), ()), code


def test_the_score_is_the_share_of_the_weights() -> None:
    total = sum(fact.weight for fact in LATE)
    weights = {fact.key: fact.weight for fact in LATE}
    found = completeness(["DEL.late"], {"narrative": "It never came", "order": "o-1"})
    assert found.score == int(100 * (weights["narrative"] + weights["order"]) / total)
    assert "narrative" not in [gap.key for gap in found.gaps]


def test_not_knowing_is_worth_half_and_is_not_asked_again() -> None:
    total = sum(fact.weight for fact in LATE)
    found = completeness(["DEL.late"], {"safe_now": "unknown"})
    assert found.score == int(100 * 5 / total)
    assert found.not_known == ("safe_now",)
    assert "safe_now" not in [gap.key for gap in found.gaps]


def test_some_facts_are_asked_only_after_an_answer() -> None:
    def asked(**facts: str) -> bool:
        return "police_number" in [gap.key for gap in completeness(["SAF.threat"], facts).gaps]

    assert asked(police_told="yes") is True
    assert asked(police_told="no") is False
    assert asked() is False


def test_specialists_questions_do_not_count_against_the_reporter() -> None:
    assert "behaviour" not in [gap.key for gap in completeness(["SAF.sexual_assault"], {}).gaps]


def test_several_codes_ask_each_fact_once() -> None:
    keys = [gap.key for gap in completeness(["SAF.threat", "CON.harassment", "FOO.spoiled"], {}).gaps]
    assert len(keys) == len(set(keys))
    assert {"injuries", "symptoms"} <= set(keys)


def test_unknown_codes_are_asked_what_everybody_is_asked() -> None:
    assert completeness(["NO.such"], {}).gaps == completeness(["OTH.unclassified"], {}).gaps


@given(st.sampled_from(sorted(current().codes())), st.data())
def test_more_answers_never_lower_the_score(code: str, data: st.DataObject) -> None:
    full = everything(code)
    some = data.draw(st.sets(st.sampled_from(sorted(full))))
    more = some | data.draw(st.sets(st.sampled_from(sorted(full))))
    less = completeness([code], {key: full[key] for key in some if key != "police_told"})
    richer = completeness([code], {key: full[key] for key in more if key != "police_told"})
    assert 0 <= less.score <= richer.score <= 100

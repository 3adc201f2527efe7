"""What the template tags write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation

from tocsin.surfaces.ui.formatting import money, span

NOW = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("plain_static")


def render(source: str, **context: object) -> str:
    return Template("{% load tocsin_ui %}" + source).render(Context({"now": NOW, **context}))


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123456, "USD", "$1,234.56"),
        (-5, "USD", "−$0.05"),
        (100, "JPY", "¥100"),
        (1234567, "KWD", "KWD 1,234.567"),
        (90071992547409931, "EUR", "€900,719,925,474,099.31"),
    ],
)
def test_money_counts_minor_units_of_its_currency_exactly(minor: int, currency: str, shown: str) -> None:
    assert money(minor, currency) == shown


def test_money_reads_as_the_language_writes_numbers() -> None:
    with translation.override("es"):
        assert money(123456789, "EUR") == "€1\u00a0234\u00a0567,89"


def test_unknown_money_is_a_dash_not_a_zero() -> None:
    assert render('{{ amount|money:"USD" }}', amount=None) == "—"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (2472, "00:41:12"),
        (14399, "03:59:59"),
        (14400, "4h 00m"),
        (86399, "23h 59m"),
        (273600, "3d 04h"),
        (-65, "00:01:05"),
    ],
)
def test_spans_get_finer_as_they_get_shorter(seconds: int, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("left", "tone", "shown"),
    [
        (timedelta(minutes=59), "hot", "00:59:00"),
        (timedelta(hours=1), "warm", "01:00:00"),
        (timedelta(hours=5), "", "5h 00m"),
        (timedelta(seconds=-90), "late", "00:01:30 late"),
    ],
)
def test_a_clock_says_how_urgent_it_is_without_scripts(left: timedelta, tone: str, shown: str) -> None:
    html = render("{% clock_left due %}", due=NOW + left)
    assert f'class="sla {tone}"' in html
    assert f"<span data-left>{shown}</span>" in html
    assert f'data-due="{(NOW + left):%Y-%m-%dT%H:%M:%SZ}"' in html


def test_a_stopped_clock_does_not_count_down() -> None:
    html = render('{% clock_left due "paused" %}', due=NOW)
    assert "data-due" not in html
    assert ">paused</time>" in html


def test_no_clock_is_drawn_when_none_is_set() -> None:
    assert render("{% clock_left due %}", due=None) == ""


def test_a_moment_is_shown_in_the_zone_of_the_matter_across_the_change_of_clocks() -> None:
    before = render('{% when at "datetime" %}', at=NOW, zone="America/Los_Angeles")
    after = render('{% when at "datetime" %}', at=NOW + timedelta(hours=1), zone="America/Los_Angeles")
    assert ">8 Mar 2026, 01:30 PST</time>" in before
    assert ">8 Mar 2026, 03:30 PDT</time>" in after  # 02:30 does not exist that night
    assert "2026-03-08 09:30:00 UTC" in before
    assert 'datetime="2026-03-08T09:30:00Z"' in before


def test_a_moment_without_a_zone_is_shown_in_utc() -> None:
    assert ">09:30</time>" in render('{% when at "time" %}', at=NOW)


def test_masked_values_are_escaped_and_offer_a_reveal_only_with_an_address() -> None:
    plain = render("{% masked shown %}", shown="<b>••")
    assert "&lt;b&gt;••" in plain
    assert "button" not in plain
    assert 'hx-get="/reveal/7"' in render('{% masked "••" label="Phone" reveal_url="/reveal/7" %}')


def test_an_unknown_icon_is_refused_when_the_template_is_compiled() -> None:
    with pytest.raises(TemplateSyntaxError, match="no icon called 'unicorn'"):
        render('{% if False %}{% icon "unicorn" %}{% endif %}')


def test_an_unknown_icon_in_data_does_not_break_the_page() -> None:
    assert "#circle" in render("{% icon name %}", name="unicorn")


def test_severity_is_said_in_words_not_only_in_colour() -> None:
    html = render('{% severity_pill "S0" "Missing worker" %}')
    assert 'class="pill solid"' in html
    assert '<span class="vh">Severity </span>S0 · Missing worker' in html


def test_states_nobody_listed_read_as_plain_words() -> None:
    assert render('{% state_pill "awaiting_carrier" %}') == '<span class="pill ">Awaiting carrier</span>'


def test_a_sparkline_has_words_and_no_style() -> None:
    html = render('{% sparkline values label="rising" %}', values=[1, 3, 2])
    assert 'aria-label="rising"' in html
    assert "style=" not in html
    assert 'class="line" d="M0.0 30.0L60.0 2.0L120.0 16.0"' in html
    assert render('{% sparkline values label="x" %}', values=[]) == ""


def test_a_flat_sparkline_is_a_line_at_the_foot() -> None:
    html = render('{% sparkline values label="flat" %}', values=[4, 4, 4])
    assert 'd="M0.0 30.0L60.0 30.0L120.0 30.0"' in html

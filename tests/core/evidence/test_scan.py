"""Scanning for viruses: what is infected is kept and never handed out; a scanner out of reach turns nobody
away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.access.people import staff
from tests.core.evidence import files
from tests.core.evidence.conftest import Take
from tests.support.clamd import EICAR, clamd
from tocsin.core.access.check import Scope
from tocsin.core.evidence import custody, service
from tocsin.core.evidence.errors import Infected, NotScanned
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.reading import read

pytestmark = pytest.mark.django_db

SCOPE = Scope(assigned=True, data_class="P3")
ADA = staff("specialist")
BAD = b"notes\n" + EICAR
NOBODY = "127.0.0.1:9"


def see(item: Evidence) -> bytes:
    return service.view(ADA, item.pk, SCOPE, purpose="case_handling")[0]


def history(item: Evidence) -> list[tuple[str, str]]:
    return [(line.act, line.reason) for line in custody.lines(item) if line.act not in ("received", "sealed")]


@pytest.mark.parametrize("on_socket", [True, False])
def test_clean_and_infected_are_told_apart(
    take: Take, settings: Any, tmp_path: Path, on_socket: bool
) -> None:
    with clamd(tmp_path / "clamd" if on_socket else None) as daemon:
        settings.TOCSIN_CLAMD = daemon.spec
        clean, bad = take(files.TEXT, filename="a.txt"), take(BAD, filename="b.txt")
        assert daemon.scanned == [files.TEXT, BAD]
        assert (clean.scan, bad.scan) == ("clean", "infected")
        assert history(clean) == [("scanned", "nothing found")]
        assert history(bad) == [("scanned", "Eicar-Test-Signature")]
        assert see(clean) == files.TEXT
        assert len(daemon.scanned) == 2, "what was scanned is not scanned again"


def test_infected_items_are_kept_and_never_handed_out(take: Take, settings: Any) -> None:
    with clamd() as daemon:
        settings.TOCSIN_CLAMD = daemon.spec
        item = take(files.picture() + EICAR, filename="a.png")
    for look in (
        lambda: see(item),
        lambda: service.display_image(ADA, item.pk, SCOPE, purpose="case_handling"),
        lambda: service.thumbnail(ADA, item.pk, SCOPE, purpose="case_handling"),
        lambda: service.cover(ADA, item.pk, SCOPE),
    ):
        with pytest.raises(Infected):
            look()
    assert read(item) == files.picture() + EICAR
    assert [act for act, _ in history(item)] == ["scanned"]


def test_a_scanner_out_of_reach_turns_nobody_away_and_hands_nothing_out(take: Take, settings: Any) -> None:
    settings.TOCSIN_CLAMD = NOBODY
    item, bad = take(files.TEXT, filename="a.txt"), take(BAD, filename="b.txt")
    assert (item.scan, bad.scan) == ("not_scanned", "not_scanned")
    with pytest.raises(NotScanned):
        see(item)
    assert history(item) == []
    with clamd() as daemon:
        settings.TOCSIN_CLAMD = daemon.spec
        assert see(item) == files.TEXT
        with pytest.raises(Infected):
            see(bad)
    assert history(item) == [("scanned", "nothing found"), ("viewed", "case_handling")]
    assert [Evidence.objects.get(pk=one.pk).scan for one in (item, bad)] == ["clean", "infected"]


def test_a_file_larger_than_the_scanner_takes_is_not_called_clean(take: Take, settings: Any) -> None:
    with clamd(most=1000) as daemon:
        settings.TOCSIN_CLAMD = daemon.spec
        item = take(b"x" * 200_000, filename="a.txt")
        assert item.scan == "not_scanned"
        with pytest.raises(NotScanned):
            see(item)


def test_without_a_scanner_items_say_that_they_were_not_scanned(take: Take, settings: Any) -> None:
    settings.TOCSIN_CLAMD = ""
    item = take(BAD, filename="b.txt")
    assert item.scan == "not_scanned"
    assert see(item) == BAD

"""Everybody can read it: axe finds nothing, and every ink stands off every ground by WCAG AA."""

from __future__ import annotations

import itertools

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.journey

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN = {
    "as it loads": "0",
    "palette": "document.querySelector('[data-palette-open]').click()",
    "shortcuts": "document.querySelector('button[data-dialog=keys-dialog]').click()",
    "dialog": "document.querySelector('[data-dialog=sample-dialog]').click()",
    "everything unfolded": "document.querySelectorAll('details').forEach((part) => (part.open = true));"
    "document.querySelectorAll('[data-toast]').forEach((part) => part.click())",
}

#: Words stand on plain grounds, coloured words on their own tint too; a queue's chosen item is `acc-bg`.
PAIRS = [
    *itertools.product(
        ["ink", "ink2", "ink3", "acc", "red", "amb", "grn", "blu"], ["panel", "bg", "raised", "hover"]
    ),
    *[(tone, f"{tone}-bg") for tone in ("acc", "red", "amb", "grn", "blu")],
    *itertools.product(["ink", "ink2", "red", "amb"], ["acc-bg"]),
    ("on-solid", "acc-solid"), ("on-solid", "acc-solid-hover"), ("on-solid", "red-solid"),
]  # fmt: skip

MEASURE = """(pairs) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (name) => {
    probe.style.color = `var(--${name})`;
    canvas.fillStyle = getComputedStyle(probe).color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return pairs.map(([ink, ground]) => {
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""


def themed(page: Page, theme: str) -> None:
    page.add_init_script(f"localStorage.setItem('tocsin-theme', '{theme}')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_ink_stands_off_every_ground(page: Page, theme: str) -> None:
    themed(page, theme)
    page.goto("/")
    ratios = page.evaluate(MEASURE, PAIRS)
    measured = zip(PAIRS, ratios, strict=True)
    weak = {f"{ink} on {ground}": round(ratio, 2) for (ink, ground), ratio in measured if ratio < 4.5}
    assert weak == {}
    edges = page.evaluate(MEASURE, [("edge", "panel"), ("edge", "bg"), ("acc", "panel"), ("acc", "bg")])
    assert min(edges) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1640])
@pytest.mark.parametrize(
    ("path", "state"),
    [*(("/", state) for state in OPEN), ("/help/", "as it loads"), ("/err/409", "as it loads")],
)
def test_axe_finds_nothing(
    browser: Browser, site: str, theme: str, width: int, path: str, state: str
) -> None:
    # axe is injected as a script, so this context alone sets the policy aside
    context = browser.new_context(
        base_url=site, viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    themed(page, theme)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(OPEN[state])
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    context.close()
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found] == []

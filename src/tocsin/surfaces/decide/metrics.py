"""Counters and histograms in the Prometheus text format. A dozen numbers need no library."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Histogram:
    """Counts by upper bound."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str) -> list[str]:
        total, out = 0, []
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            out.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*out, f"{name}_sum {self._sum:.9g}", f"{name}_count {total}"]


class Metrics:
    """What the decide process tells about itself. `gauges` are asked when somebody looks."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.watched: Counter[str] = Counter()  # rules in shadow that would have fired
        self.counts: Counter[str] = Counter()
        self.request_seconds = Histogram(SECONDS)
        self.commit_seconds = Histogram(SECONDS)
        self.turn_events = Histogram(SIZES)
        self.gauges: dict[str, Callable[[], float]] = {}
        self.info: Callable[[], dict[str, str]] = dict

        self.drift: Callable[[], Iterable[tuple[str, str, float]]] = tuple

    def text(self) -> str:
        lines: list[str] = []
        _family(lines, "tocsin_decide_requests_total", "status", self.requests)
        _family(lines, "tocsin_decide_decisions_total", "verdict", self.verdicts)
        _family(lines, "tocsin_decide_rule_fired_total", "rule", self.rules)
        _family(lines, "tocsin_decide_rule_watched_total", "rule", self.watched)
        _family(lines, "tocsin_decide_events_total", "what", self.counts)
        for name, histogram in (
            ("tocsin_decide_request_seconds", self.request_seconds),
            ("tocsin_decide_commit_seconds", self.commit_seconds),
            ("tocsin_decide_turn_events", self.turn_events),
        ):
            lines += [f"# TYPE {name} histogram", *histogram.lines(name)]
        for name, ask in sorted(self.gauges.items()):
            lines += [f"# TYPE tocsin_decide_{name} gauge", f"tocsin_decide_{name} {ask():.17g}"]
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(self.info().items()))
        lines += ["# TYPE tocsin_decide_info gauge", f"tocsin_decide_info{{{labels}}} 1"]
        lines.append("# TYPE tocsin_decide_model_psi gauge")
        lines += [
            f'tocsin_decide_model_psi{{model="{model}",input="{input_}"}} {index:.6g}'
            for model, input_, index in self.drift()
        ]
        return "\n".join(lines) + "\n"


def _family(lines: list[str], name: str, label: str, counts: Counter) -> None:
    lines.append(f"# TYPE {name} counter")
    lines += [f'{name}{{{label}="{key}"}} {count}' for key, count in sorted(counts.items())]

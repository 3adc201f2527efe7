"""What a verification found: each break named, with the place and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    ``code`` is stable, for machines; ``where`` names the chain, anchor or object; ``seq`` the number of the
    entry.
    """

    code: str
    where: str
    what: str
    seq: int | None = None

    def __str__(self) -> str:
        place = self.where if self.seq is None else f"{self.where}, entry {self.seq}"
        return f"{place}: {self.what}"


@dataclass
class Report:
    """The outcome. ``left_out`` counts findings by code beyond those listed."""

    entries: int = 0
    chains: int = 0
    anchors: int = 0
    timestamps: int = 0
    timestamps_checked: bool = False
    objects: int = 0
    objects_checked: bool = False
    since_anchor: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, finding: Finding, limit: int = 100) -> None:
        """List a finding, or only count it when ``limit`` of its code are listed already."""
        if sum(one.code == finding.code for one in self.findings) >= limit:
            self.left_out[finding.code] += 1
        else:
            self.findings.append(finding)

    def lines(self) -> list[str]:
        """The report in words, for a terminal."""
        said = [
            f"{self.entries} entries in {self.chains} chains, {self.anchors} anchors"
            f" ({self.since_anchor} entries since the last one)"
        ]
        if self.timestamps:
            how = "checked" if self.timestamps_checked else "not checked: no roots in keys/tsa-roots.pem"
            said.append(f"{self.timestamps} time-stamps ({how})")
        if self.objects_checked:
            said.append(f"{self.objects} objects compared with their last entry")
        said += [f"BROKEN {finding}" for finding in self.findings]
        said += [f"BROKEN {count} more of the kind {code}" for code, count in sorted(self.left_out.items())]
        broken = len(self.findings) + self.left_out.total()
        verdict = "intact" if self.ok else "1 finding" if broken == 1 else f"{broken} findings"
        return [*said, f"{verdict} ({self.seconds:.1f} s)"]

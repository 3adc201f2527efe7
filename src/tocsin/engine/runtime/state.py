"""What an engine holds for one plan: the kernel's arrays, and the call that runs a batch."""

from __future__ import annotations

import numpy as np

from tocsin.engine.kernel.batch import run_batch
from tocsin.engine.kernel.memory import AT_FULL, Words
from tocsin.engine.kernel.program import LANES, STRIDE
from tocsin.engine.plan.plan import Plan


class EngineFullError(MemoryError):
    """The engine's memory limit is reached; nothing more can be counted exactly, so nothing more is
    decided."""


class Bench:
    """Registers and results for one plan on one memory."""

    def __init__(self, plan: Plan, memory: Words) -> None:
        self.plan = plan
        self.memory = memory
        ints, numbers = plan.registers.counts
        self.ints = np.zeros((ints, STRIDE), np.int64)
        self.numbers = np.full((max(numbers, 2), STRIDE), np.nan)
        self.fired = np.zeros((max(len(plan.order), 1), STRIDE), np.uint8)
        self.verdicts = np.zeros(STRIDE, np.uint8)
        self.hit = np.zeros(STRIDE, np.uint8)
        self.types = np.zeros(STRIDE, np.int64)
        self.clocks = np.zeros(STRIDE, np.int64)
        self.sent = np.zeros(STRIDE, np.int64)
        self.mark_keys = np.zeros(STRIDE, np.int64)
        self.untils = np.zeros(STRIDE, np.int64)
        self.confidences = np.zeros(STRIDE, np.int64)
        bools = np.zeros((plan.bools, STRIDE), np.uint8)
        tiles = np.zeros((len(plan.windows), STRIDE), np.int64)
        rows = np.zeros((len(plan.parts), STRIDE), np.int64)
        self._arguments = (
            memory, memory.view(np.float64), plan.stages, plan.ops, plan.numbers, plan.sets, plan.type_table,
            plan.parts, plan.part_counts, plan.rings, plan.ring_counts, plan.windows, plan.counters,
            plan.needs, plan.questions, plan.roles, plan.account_regs, plan.instrument_regs, plan.link_outs,
            self.mark_keys, self.untils, self.confidences, *plan.models.arrays(), self.ints, self.numbers,
            bools, self.types, self.clocks, self.sent, tiles, np.zeros(STRIDE, np.uint8),
            np.zeros(STRIDE, np.int64), rows, self.fired, self.verdicts, self.hit,
        )  # fmt: skip

    def run(self, n: int) -> None:
        """Run the batch in lanes 0 to n. Raises EngineFullError."""
        run_batch(*self._arguments, n)
        self.refuse_when_full()

    def refuse_when_full(self) -> None:
        """Raises EngineFullError once there was no room for something."""
        if self.memory[AT_FULL]:
            raise EngineFullError(
                "The engine's memory limit is reached. Raise it and start again from the log."
            )


__all__ = ["LANES", "Bench", "EngineFullError"]

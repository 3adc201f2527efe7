"""What an engine holds for one plan: the kernel's arrays, and the call that runs a batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.engine.kernel.batch import Batch, run_batch
from tocsin.engine.kernel.memory import AT_FULL, Words
from tocsin.engine.kernel.program import LANES, STRIDE, WORD, WORDS
from tocsin.engine.plan.plan import Plan
from tocsin.engine.vocabulary import VERDICTS


class EngineFullError(MemoryError):
    """The engine's memory limit is reached; nothing more can be counted exactly, so nothing more is
    decided."""


class Bench:
    """Registers and results for one plan on one memory."""

    def __init__(self, plan: Plan, memory: Words) -> None:
        self.plan = plan
        self.memory = memory
        ints, numbers = plan.registers.counts
        times = np.zeros((6, STRIDE), np.int64)
        self.types, self.clocks, self.sent, self.mark_keys, self.untils, self.confidences = times
        self.ints = np.zeros((ints, STRIDE), np.int64)
        self.numbers = np.full((max(numbers, 2), STRIDE), np.nan)
        self.verdicts = np.zeros(STRIDE, np.uint8)
        self.hit = np.zeros(STRIDE, np.uint8)
        self._fired = np.zeros((max(len(plan.order), 1), WORDS), np.uint64)
        models, curves, model_inputs, roots, nodes, thresholds, columns = plan.models.arrays()
        self.batch = Batch(
            memory=memory,
            as_numbers=memory.view(np.float64),
            stages=plan.stages,
            ops=plan.ops,
            numbers=plan.numbers,
            table=plan.table,
            parts=plan.parts,
            part_counts=plan.part_counts,
            rings=plan.rings,
            ring_counts=plan.ring_counts,
            windows=plan.windows,
            counters=plan.counters,
            questions=plan.questions,
            roles=plan.roles,
            account_regs=plan.account_regs,
            instrument_regs=plan.instrument_regs,
            link_outs=plan.link_outs,
            models=models,
            curves=curves,
            model_inputs=model_inputs,
            roots=roots,
            nodes=nodes,
            thresholds=thresholds,
            types=self.types,
            clocks=self.clocks,
            sent=self.sent,
            mark_keys=self.mark_keys,
            untils=self.untils,
            confidences=self.confidences,
            ints=self.ints,
            floats=self.numbers,
            masks=np.zeros((plan.masks, WORDS), np.uint64),
            columns=columns,
            tiles=np.zeros((len(plan.windows), STRIDE), np.int64),
            asked=np.zeros(STRIDE, np.uint8),
            due=np.zeros(STRIDE, np.uint8),
            keys=np.zeros(STRIDE, np.int64),
            rows=np.zeros((len(plan.parts), STRIDE), np.int64),
            lanes=np.zeros(STRIDE, np.int64),
            fired=self._fired,
            worst=np.zeros((len(VERDICTS), WORDS), np.uint64),
            verdicts=self.verdicts,
            hit=self.hit,
        )

    def fired_at(self, lane: int) -> list[int]:
        """The numbers of the rules that fired at one lane."""
        column = self._fired[: len(self.plan.order), lane // WORD] >> np.uint64(lane % WORD)
        found: list[int] = (column & np.uint64(1)).nonzero()[0].tolist()
        return found

    def fired(self, n: int) -> npt.NDArray[np.bool_]:
        """Rules by lanes 0 to n: which fired where."""
        as_bytes = self._fired[: len(self.plan.order)].view(np.uint8)
        return np.unpackbits(as_bytes, axis=1, count=n, bitorder="little").astype(bool)

    def run(self, n: int) -> None:
        """Run the batch in lanes 0 to n. Raises EngineFullError."""
        run_batch(self.batch, n)
        self.refuse_when_full()

    def refuse_when_full(self) -> None:
        """Raises EngineFullError once there was no room for something."""
        if self.memory[AT_FULL]:
            raise EngineFullError(
                "The engine's memory limit is reached. Raise it and start again from the log."
            )


__all__ = ["LANES", "Bench", "EngineFullError"]

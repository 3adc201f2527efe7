"""One flat array of 64-bit words that never moves, and an allocator of blocks inside it.

The array is reserved address space: the machine gives a page only when it is first written, so a large
reservation costs nothing and growing never copies. Word 0 is unused: 0 means "nothing" wherever a place is
stored. Blocks have sizes of 2^k words, 8 at least; a freed block is kept in a list for its size.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import config, njit

Words = npt.NDArray[np.int64]

FORMAT: Final = 1
# Words of the header.
AT_FORMAT: Final = 1
AT_TOP: Final = 2  # first word never given out
AT_LIMIT: Final = 3  # words that may be given out
AT_FULL: Final = 4  # 1 once there was no room
AT_FREE: Final = 8  # heads of the lists of free blocks, by k
AT_GROUPS: Final = 64  # descriptors of the groups, see `tables`
GROUP_WORDS: Final = 8
MAX_GROUPS: Final = 504
HEADER: Final = AT_GROUPS + GROUP_WORDS * MAX_GROUPS  # 4096 words
SMALLEST: Final = 3  # 2^3 words: one cache line

_NORESERVE: Final = 0x4000


def _cache_folder() -> Path | None:
    """Where compiled kernels are kept: a folder of its own for each state of the sources, because a compiled
    function holds what it calls from other files too, and would not notice that they changed."""
    here = Path(__file__).parent
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:16]
    for base in (here / "__pycache__", Path.home() / ".cache" / "tocsin"):
        folder = base / f"kernels-{state}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


_FOLDER = _cache_folder()
if _FOLDER is not None:
    config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]
#: Compiles a kernel; without a place to keep it, afresh in each process.
jit = njit(cache=_FOLDER is not None, nogil=True, error_model="numpy", boundscheck=False)


def reserve(limit_bytes: int) -> Words:
    """A fresh, empty memory of at most ``limit_bytes``; less where the machine grants less. Raises
    MemoryError."""
    words = max(limit_bytes // 8, 2 * HEADER)
    reserved = _mapped(words * 8)
    while reserved is None:
        words //= 2
        if words < 2 * HEADER:
            raise MemoryError("The machine grants no memory for the engine.")
        reserved = _mapped(words * 8)
    reserved.madvise(mmap.MADV_HUGEPAGE)  # rows are met at random: fewer, larger pages are found faster
    memory = np.frombuffer(reserved, dtype=np.int64)
    memory[AT_FORMAT] = FORMAT
    memory[AT_TOP] = HEADER
    memory[AT_LIMIT] = words
    return memory


def _mapped(size: int) -> mmap.mmap | None:
    try:
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
    except OSError:
        return None


def machine_memory() -> int:
    """Bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@jit
def power_for(words: int) -> int:
    """The smallest k, 3 at least, with 2^k >= words."""
    k = SMALLEST
    while (1 << k) < words:
        k += 1
    return k


@jit
def allocate(memory, k):
    """A block of 2^k words, all zero; 0 when there is no room (and the memory says so from then on)."""
    size = 1 << k
    block = memory[AT_FREE + k]
    if block != 0:
        memory[AT_FREE + k] = memory[block]
        for at in range(block, block + size):
            memory[at] = 0
        return block
    block = memory[AT_TOP]
    if block + size > memory[AT_LIMIT]:
        memory[AT_FULL] = 1
        return 0
    memory[AT_TOP] = block + size
    return block


@jit
def free(memory, block, k):
    """Give a block of 2^k words back."""
    memory[block] = memory[AT_FREE + k]
    memory[AT_FREE + k] = block

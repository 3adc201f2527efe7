"""Who shares instruments with whom: accounts, joined by the devices, cards, payout accounts, addresses and
phones they use. The parts of the graph that hang together are kept by union-find, at a bounded cost an event.

An event links when it names exactly one account. An instrument that more than ACCOUNTS_KEPT accounts use (a
shop's tablet, a carrier's address) is shared: it joins nobody from then on. So is one that was said to be
shared. The order of events decides, and so a replay says the same.

Account:     0 – | 1 hash | 2 parent (0: itself) | 3 accounts below it | 4 removed | 5 count | 6… instruments
Instrument:  0 – | 1 hash | 2 shared | 3 removed accounts | 4 count | 5… accounts
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.engine.kernel.counters import NONE
from tocsin.engine.kernel.memory import jit
from tocsin.engine.kernel.tables import LOW32, add, entry_place, find, mix

ACCOUNTS: Final = 2  # the groups
INSTRUMENTS: Final = 3
INSTRUMENTS_KEPT: Final = 16  # the newest of an account
ACCOUNTS_KEPT: Final = 8
NEAR_KEPT: Final = 32  # counted at most
A_PARENT: Final = 2
A_SIZE: Final = 3
A_REMOVED: Final = 4
A_COUNT: Final = 5
A_LIST: Final = 6
ACCOUNT_WORDS: Final = A_LIST + INSTRUMENTS_KEPT
I_SHARED: Final = 2
I_REMOVED: Final = 3
I_COUNT: Final = 4
I_LIST: Final = 5
INSTRUMENT_WORDS: Final = I_LIST + ACCOUNTS_KEPT

# What an event of a type does, beside linking.
LINKS: Final = 1
REMOVES: Final = 2
REINSTATES: Final = 3
SHARES: Final = 4  # its instruments are shared


@jit
def run_links(memory, roles, account_regs, instrument_regs, ints, types, clocks, size, removed, no_rings, n):
    """For each event: how many accounts would hang together with this one (``size``), and how many removed
    accounts use an instrument of its own or of the event's (``removed``); then take the event into account.
    ``roles``: by event type, what it does."""
    near = np.empty(NEAR_KEPT, np.int64)
    used = np.empty(instrument_regs.shape[0], np.int64)
    keys = np.empty((instrument_regs.shape[0], n), np.int64)
    _find_keys(memory, roles, account_regs, instrument_regs, ints, types, keys, size, n)
    removed[:n] = NONE
    for i in range(n):
        role = roles[types[i]]
        key = size[i]
        size[i] = NONE
        if key == NONE and role != SHARES:
            continue
        for r in range(instrument_regs.shape[0]):
            used[r] = 0 if keys[r, i] == NONE else find(memory, INSTRUMENTS, keys[r, i])
        account = 0 if key == NONE else find(memory, ACCOUNTS, key)
        if key != NONE:
            size[i] = _joined(memory, account, used, near)
            removed[i] = _removed_near(memory, account, used, near)
        if role == LINKS:
            _link(memory, account, key, used, keys, clocks[i], no_rings, i)
        elif role == SHARES:
            _share(memory, used, keys, clocks[i], no_rings, i)
        elif role != 0:
            _remove(memory, account, key, role == REMOVES, clocks[i], no_rings)


@jit
def _find_keys(memory, roles, account_regs, instrument_regs, ints, types, keys, accounts, n):
    """Keys of the account and the instruments of each event that is looked at, NONE where it names none.
    Then, many at once, where their search begins, and the rows found there."""
    places = np.zeros((2, n * (instrument_regs.shape[0] + 1)), np.int64)
    count = 0
    for i in range(n):
        accounts[i] = _account_of(ints, account_regs, i)
        if accounts[i] != NONE:
            places[0, count] = entry_place(memory, ACCOUNTS, accounts[i])
            count += 1
        elif roles[types[i]] != SHARES:
            continue
        for r in range(instrument_regs.shape[0]):
            id_ = ints[instrument_regs[r], i]
            keys[r, i] = NONE
            if id_ != NONE:
                keys[r, i] = mix(np.int64(16 + r), id_)
                places[0, count] = entry_place(memory, INSTRUMENTS, keys[r, i])
                count += 1
    for k in range(count):
        places[1, k] = (memory[places[0, k]] & LOW32) << 3
    seen = np.int64(0)
    for k in range(count):
        seen ^= memory[places[1, k]]
    places[0, 0] = seen


@jit
def _account_of(ints, account_regs, i):
    """The key of the one account that the event names, else NONE."""
    key = NONE
    for r in range(account_regs.shape[0]):
        id_ = ints[account_regs[r], i]
        if id_ != NONE:
            if key != NONE:
                return NONE
            key = mix(np.int64(r + 1), id_)
    return key


@jit
def _root(memory, account):
    while memory[account + A_PARENT] != 0:
        parent = memory[account + A_PARENT]
        if memory[parent + A_PARENT] != 0:
            memory[account + A_PARENT] = memory[parent + A_PARENT]
        account = parent
    return account


@jit
def _joined(memory, account, used, roots):
    """Accounts in the parts of the graph that the account and the instruments stand in, itself included."""
    total = 1
    count = 0
    if account != 0:
        roots[0] = _root(memory, account)
        count = 1
        total = memory[roots[0] + A_SIZE]
    for instrument in used:
        if instrument == 0 or memory[instrument + I_SHARED] != 0:
            continue
        root = _root(memory, memory[instrument + I_LIST])
        known = False
        for k in range(count):
            known |= roots[k] == root
        if not known:
            roots[count] = root
            count += 1
            total += memory[root + A_SIZE]
    return total


@jit
def _removed_near(memory, account, used, near):
    count = 0
    for instrument in used:
        if instrument != 0:
            count = _gather(memory, instrument, account, near, count)
    if account != 0:
        for k in range(min(memory[account + A_COUNT], INSTRUMENTS_KEPT)):
            count = _gather(memory, memory[account + A_LIST + k], account, near, count)
    return count


@jit
def _gather(memory, instrument, account, near, count):
    """Add the removed accounts of an instrument to those found near so far."""
    if memory[instrument + I_REMOVED] == 0 or memory[instrument + I_SHARED] != 0:
        return count
    for k in range(memory[instrument + I_COUNT]):
        other = memory[instrument + I_LIST + k]
        if other == account or memory[other + A_REMOVED] == 0 or count == NEAR_KEPT:
            continue
        known = False
        for j in range(count):
            known |= near[j] == other
        if not known:
            near[count] = other
            count += 1
    return count


@jit
def _new_account(memory, key, now, no_rings):
    account = add(memory, ACCOUNTS, key, now, now, no_rings)
    if account != 0:
        memory[account + A_SIZE] = 1
    return account


@jit
def _link(memory, account, key, used, keys, now, no_rings, i):
    for r in range(keys.shape[0]):
        if keys[r, i] == NONE:
            continue
        if account == 0:
            account = _new_account(memory, key, now, no_rings)
        instrument = used[r]
        if instrument == 0:
            instrument = add(memory, INSTRUMENTS, keys[r, i], now, now, no_rings)
        if account == 0 or instrument == 0:
            return
        _use(memory, account, instrument)


@jit
def _use(memory, account, instrument):
    if memory[instrument + I_SHARED] != 0:
        return
    count = memory[instrument + I_COUNT]
    for k in range(count):
        if memory[instrument + I_LIST + k] == account:
            return
    if count == ACCOUNTS_KEPT:
        memory[instrument + I_SHARED] = 1
        return
    memory[instrument + I_LIST + count] = account
    memory[instrument + I_COUNT] = count + 1
    memory[instrument + I_REMOVED] += memory[account + A_REMOVED]
    memory[account + A_LIST + memory[account + A_COUNT] % INSTRUMENTS_KEPT] = instrument
    memory[account + A_COUNT] += 1
    if count > 0:
        _unite(memory, _root(memory, account), _root(memory, memory[instrument + I_LIST]))


@jit
def _unite(memory, one, other):
    if one == other:
        return
    if memory[one + A_SIZE] < memory[other + A_SIZE]:
        one, other = other, one
    memory[other + A_PARENT] = one
    memory[one + A_SIZE] += memory[other + A_SIZE]


@jit
def _share(memory, used, keys, now, no_rings, i):
    for r in range(keys.shape[0]):
        if keys[r, i] == NONE:
            continue
        instrument = used[r]
        if instrument == 0:
            instrument = add(memory, INSTRUMENTS, keys[r, i], now, now, no_rings)
        if instrument != 0:
            memory[instrument + I_SHARED] = 1


@jit
def _remove(memory, account, key, removes, now, no_rings):
    if account == 0:
        account = _new_account(memory, key, now, no_rings)
    if account == 0 or memory[account + A_REMOVED] == removes:
        return
    memory[account + A_REMOVED] = removes
    change = 1 if removes else -1
    for k in range(min(memory[account + A_COUNT], INSTRUMENTS_KEPT)):
        memory[memory[account + A_LIST + k] + I_REMOVED] += change

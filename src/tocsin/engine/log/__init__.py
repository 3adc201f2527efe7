"""The ordered event log: append-only segment files, one writer, any number of readers.

writer.LogWriter   append records, make them durable, recover after a crash
reader.read_log    records after a position, for whoever ships them elsewhere
records            what a record holds
state              snapshots, recovery of an engine, removal of old segments
codec.Codec        what the host brings to seal both
"""

from tocsin.engine.log.codec import CannotOpenError, Codec
from tocsin.engine.log.reader import LogReader, read_log
from tocsin.engine.log.records import EventRecord, Record, RulesRecord
from tocsin.engine.log.state import keys_in, remove_segments
from tocsin.engine.log.writer import LogDamagedError, LogLockedError, LogWriter

__all__ = [
    "CannotOpenError",
    "Codec",
    "EventRecord",
    "LogDamagedError",
    "LogLockedError",
    "LogReader",
    "LogWriter",
    "Record",
    "RulesRecord",
    "keys_in",
    "read_log",
    "remove_segments",
]

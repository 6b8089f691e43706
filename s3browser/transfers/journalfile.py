"""The journal's file: its tables, how it is opened in any case, and what is set aside."""

import os
import sqlite3
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from s3browser.exceptions import SettingsError

JournalError = sqlite3.Error
"""What every call of the journal may raise: the disk is full, or gone."""

_INSTANCES = 8  # programs that run at the same time; each has a journal of its own
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (None, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)

_MIGRATIONS = (
    """
    -- AUTOINCREMENT: an id is never used again, so that what still bears it can't be taken for another's.
    CREATE TABLE batch (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        connection_id TEXT NOT NULL,
        direction TEXT NOT NULL,
        target BLOB NOT NULL,       -- UTF-8, as all names; half characters can be kept
        root BLOB,                  -- of a download: nothing is written outside it
        started_at REAL NOT NULL,   -- s since 1970
        listed INTEGER NOT NULL DEFAULT 1,  -- shown in the panel; the diary shows all
        total INTEGER NOT NULL,
        total_bytes INTEGER NOT NULL,
        name BLOB,                  -- of the only folder that was chosen, with a '/' at its end, or of the only file
        looked_for INTEGER, found INTEGER, proof_error TEXT,
        done INTEGER, failed INTEGER, cancelled INTEGER  -- only once its transfers have been forgotten
    );
    CREATE TABLE transfer (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        batch_id INTEGER NOT NULL REFERENCES batch ON DELETE CASCADE,
        state TEXT NOT NULL,        -- never 'running': that is 'queued' to whoever reads this after a crash
        is_big INTEGER NOT NULL,    -- goes in parts
        rank INTEGER NOT NULL,      -- the lowest goes first
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,          -- bytes sort as S3 does
        path BLOB NOT NULL,         -- as the system has it, which need not be text
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        etag TEXT NOT NULL,
        may_replace INTEGER NOT NULL,
        unless_same INTEGER NOT NULL,
        renamed INTEGER NOT NULL,
        is_folder INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL DEFAULT 0,
        error TEXT
    );
    -- SQLite takes it only for a query that has the same condition, word for word.
    CREATE INDEX transfer_queue ON transfer (state, rank, is_big) WHERE state <> 'done';
    CREATE INDEX transfer_batch ON transfer (batch_id, bucket, key);
    CREATE INDEX transfer_begun ON transfer (batch_id) WHERE position > 0 AND state IN ('queued', 'paused');
    -- What an unfinished transfer has on the other side; once nobody will finish it, to be thrown away.
    CREATE TABLE partial (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        transfer_id INTEGER UNIQUE REFERENCES transfer ON DELETE SET NULL,
        connection_id TEXT NOT NULL,
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,
        upload_id TEXT NOT NULL,
        temp BLOB,
        etag TEXT NOT NULL,
        size INTEGER NOT NULL,
        part_size INTEGER NOT NULL
    );
    CREATE TABLE part (
        partial_id INTEGER NOT NULL REFERENCES partial ON DELETE CASCADE,
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        crc64nvme TEXT NOT NULL,
        PRIMARY KEY (partial_id, number)
    ) WITHOUT ROWID;
    """,
)


def open_file(path: Path) -> tuple[sqlite3.Connection, SettingsError | None]:
    """A connection to the journal at ``path``, locked for as long as it is open. Blocking.

    A second program at the same time gets ``…-2``. A damaged file, and one of a newer program, is set aside as
    ``.bad``; where no file can be kept the journal is in memory. A connection comes back in any case.

    Returns:
        The connection, and what to tell the person, if anything.
    """
    for number in range(1, _INSTANCES + 1):
        here = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _opened(here), None
        except (sqlite3.Error, OSError) as error:
            if _is_one_of(error, _LOCKED):
                continue
            with suppress(sqlite3.Error, OSError):
                if isinstance(error, sqlite3.Error) and _is_one_of(error, _DAMAGED):
                    told = _set_aside(here, error)
                    return _opened(here), told
            return _in_memory(), _unwritable(path, error)
    return _in_memory(), _unwritable(path)


def _opened(path: Path) -> sqlite3.Connection:
    # Threads: it is handed from the one that opens it to the one that uses it.
    connection = sqlite3.connect(path, timeout=0.0, check_same_thread=False)
    try:
        if os.name == "posix":
            path.chmod(0o600)
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _in_memory() -> sqlite3.Connection:
    return _prepared(sqlite3.connect(":memory:", check_same_thread=False))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # A power cut may cost the last moments, never the rest: then the server and the disk know more, and are asked.
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError(f"the journal has version {version}")
    connection.execute("BEGIN IMMEDIATE")  # takes the lock for as long as the program runs
    connection.commit()
    for number, script in enumerate(_MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the journal is damaged")
    return connection


def _is_one_of(error: Exception, codes: tuple[int | None, ...]) -> bool:
    """Whether SQLite's primary code is one of these; None: it has none, since it is an error of ``_prepared``."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return (code if code is None else code & 0xFF) in codes


def _set_aside(path: Path, error: Exception) -> SettingsError:
    names = chain([f"{path.name}.bad"], (f"{path.name}.bad{number}" for number in count(2)))
    kept = next(free for free in map(path.with_name, names) if not os.path.lexists(free))
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    told = SettingsError(
        "load_transfers", str(path), "Damaged",
        reason="The list of transfers was damaged. It was set aside; uploads that were under way may be unfinished.",
        hint=f"It is kept as “{kept}”. Drop the same files again, and what was sent already is not sent twice.",
    )  # fmt: skip
    told.__cause__ = error
    return told


def _unwritable(path: Path, error: Exception | None = None) -> SettingsError:
    told = SettingsError(
        "load_transfers", str(path), "Unwritable",
        reason="The list of transfers can’t be kept on this disk, so transfers will not go on after the program ends.",
    )  # fmt: skip
    told.__cause__ = error
    return told

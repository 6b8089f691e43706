"""The door to sqlite3: every batch and transfer, what has become of it, and what is needed to go on after a crash."""

import os
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from s3browser.exceptions import S3IntegrationError, SettingsError
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Plan, Proof, TransferItem, TransferSnapshot, TransferState
from s3browser.transfers.errortext import error_from_text, error_text
from s3browser.transfers.parts import MULTIPART_FROM_BYTES
from s3browser.transfers.run import Partial

KEPT_TRANSFERS = 300_000
"""Beyond so many rows, finished batches keep their sums only, the oldest first."""
KEPT_BATCHES = 2_000
_INSTANCES = 8  # programs that run at the same time; each has a journal of its own

_MIGRATIONS = (
    """
    CREATE TABLE batch (
        id INTEGER PRIMARY KEY,
        connection_id TEXT NOT NULL,
        direction TEXT NOT NULL,
        target TEXT NOT NULL,
        root BLOB,                  -- of a download: nothing is written outside it
        started_at REAL NOT NULL,   -- s since 1970
        listed INTEGER NOT NULL DEFAULT 1,  -- shown in the panel; the diary shows all
        total INTEGER NOT NULL,
        total_bytes INTEGER NOT NULL,
        name BLOB,                  -- of the only file, where there is just one
        looked_for INTEGER, found INTEGER, proof_error TEXT,
        done INTEGER, failed INTEGER, cancelled INTEGER  -- only once its transfers have been forgotten
    );
    CREATE TABLE transfer (
        id INTEGER PRIMARY KEY,
        batch_id INTEGER NOT NULL REFERENCES batch ON DELETE CASCADE,
        state TEXT NOT NULL,        -- never 'running': that is 'queued' to whoever reads this after a crash
        is_big INTEGER NOT NULL,    -- goes in parts
        rank INTEGER NOT NULL,      -- the lowest goes first
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,          -- UTF-8; bytes sort as S3 does, and half characters can be kept
        path BLOB NOT NULL,         -- as the system has it, which need not be text
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        etag TEXT NOT NULL,
        may_replace INTEGER NOT NULL,
        renamed INTEGER NOT NULL,
        is_folder INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL DEFAULT 0,
        error TEXT
    );
    CREATE INDEX transfer_queue ON transfer (state, is_big, rank) WHERE state <> 'done';
    CREATE INDEX transfer_batch ON transfer (batch_id, state);
    -- What an unfinished transfer has on the other side; once nobody will finish it, to be thrown away.
    CREATE TABLE partial (
        id INTEGER PRIMARY KEY,
        transfer_id INTEGER NOT NULL UNIQUE,
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
_TRANSFER = """transfer.id, batch_id, state, bucket, key, path, size, modified_ns, etag, may_replace, renamed,
    is_folder, attempts, position, error, rank, direction, root, connection_id"""
_FINAL = ("done", "failed", "cancelled")
_ARRIVED = "batch_id = ? AND state = 'done' AND NOT is_folder"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as it is kept; the attributes are those of ``BatchSnapshot``.

    ``states`` and ``sizes`` count its transfers, and their bytes, by state.
    """

    batch_id: int
    connection_id: str
    direction: Direction
    target: str
    started_at: datetime
    total: int
    total_bytes: int
    name: str
    proof: Proof | None
    states: Counter[TransferState]
    sizes: Counter[TransferState]


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A transfer as it is kept.

    Attributes:
        connection_id: its batch’s.
        attempts: how often its line has broken.
        rank: its place in the queue; the lowest goes first.
    The others are those of ``TransferSnapshot``.
    """

    transfer_id: int
    batch_id: int
    connection_id: str
    item: TransferItem
    state: TransferState
    attempts: int
    position: int
    error: Exception | None
    rank: int

    def snapshot(self) -> TransferSnapshot:
        """The transfer as it stands while nobody works on it."""
        return TransferSnapshot(
            self.transfer_id, self.batch_id, self.item, self.state, min(self.position, self.item.size), self.error
        )


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of a transfer that nobody will finish: parts on the server, or a temporary file."""

    partial_id: int
    transfer_id: int
    connection_id: str
    location: S3Location
    partial: Partial


@dataclass(frozen=True, slots=True)
class Moved:
    """How many transfers of a batch, and how many bytes, a change of many took out of a state."""

    batch_id: int
    before: TransferState
    count: int
    size: int


class Journal:
    """Survives a crash at any moment: SQLite in WAL mode. One thread at a time; every call blocks for the disk.

    It is locked while it is open: a second program at the same time gets a journal of its own.

    Attributes:
        was_lost: whether an earlier journal was damaged, so that the server knows more than this one.
    """

    def __init__(self, connection: sqlite3.Connection, *, was_lost: bool = False) -> None:
        self._sql = connection
        self.was_lost = was_lost

    # ------------------------------------------------------------------ opening

    @classmethod
    def open(cls, path: Path) -> "tuple[Journal, SettingsError | None]":
        """The journal at ``path``, and what to tell the person once, if anything.

        A damaged one, and one of a newer program, is set aside as ``.bad``; where no file can be made the journal is
        kept in memory. The program starts in any case.
        """
        trouble: SettingsError | None = None
        for number in range(1, _INSTANCES + 1):
            here = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                return cls(_opened(here)), None
            except (sqlite3.DatabaseError, OSError) as error:
                if _is_locked(error):
                    continue
                trouble = _set_aside(here, error)
                with suppress(sqlite3.Error, OSError):
                    return cls(_opened(here), was_lost=True), trouble
                break
        return cls(_prepared(sqlite3.connect(":memory:", check_same_thread=False))), trouble or _in_memory(path)

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is changed inside is kept, or none of it."""
        with self._sql:
            yield

    # ------------------------------------------------------------------ batches

    def add_batch(self, connection_id: str, plan: Plan, started_at: datetime) -> int:
        """Keep a settled plan, its problems as failed transfers, and return the batch's id.

        What an earlier, unfinished upload of the same file to the same place has sent already goes over to the new one.
        """
        items = list(chain(plan.items, (problem.item for problem in plan.problems)))
        root = next((item.root for item in items if item.root is not None), None)
        alone = items[0] if len(items) == 1 else None
        batch_id = self._sql.execute(
            """INSERT INTO batch (connection_id, direction, target, root, started_at, total, total_bytes, name)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                connection_id, plan.direction, plan.target, os.fsencode(root) if root else None, started_at.timestamp(),
                len(items), sum(item.size for item in items), _key(alone.location.name) if alone else None,
            ),
        ).lastrowid  # fmt: skip
        assert batch_id is not None
        (first,) = self._sql.execute("SELECT coalesce(max(max(id), max(rank)), 0) + 1 FROM transfer").fetchone()
        errors = chain([None] * len(plan.items), (error_text(problem.error) for problem in plan.problems))
        self._sql.executemany(
            """INSERT INTO transfer (id, batch_id, state, is_big, rank, bucket, key, path, size, modified_ns, etag,
            may_replace, renamed, is_folder, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                (
                    number, batch_id, "failed" if error else "queued", item.size >= MULTIPART_FROM_BYTES, number,
                    item.location.bucket, _key(item.location.key), os.fsencode(item.local_path), item.size,
                    item.modified_ns, item.etag, item.may_replace, item.renamed, item.is_folder, error,
                )
                for number, item, error in zip(count(first), items, errors, strict=False)
            ),
        )  # fmt: skip
        self._take_over(batch_id)
        return batch_id

    def _take_over(self, batch_id: int) -> None:
        self._sql.execute(
            """UPDATE OR IGNORE partial SET transfer_id = new.id
            FROM transfer AS new JOIN batch ON batch.id = new.batch_id, transfer AS old
            WHERE new.batch_id = ? AND new.is_big AND new.state = 'queued' AND old.id = partial.transfer_id
            AND old.batch_id <> new.batch_id AND old.state <> 'queued'
            AND partial.connection_id = batch.connection_id AND new.bucket = old.bucket AND new.key = old.key
            AND new.path = old.path AND new.size = old.size AND new.modified_ns = old.modified_ns""",
            (batch_id,),
        )

    def listed_batches(self) -> list[BatchRecord]:
        """The batches in the panel, in the order they were started."""
        return self._batches("WHERE listed ORDER BY id")

    def history(self, search: str, before_id: int | None, limit: int) -> list[BatchRecord]:
        """Batches that began before that one, the newest first; with ``search`` in a name of theirs."""
        like = f"%{search.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        where, values = "WHERE id < ?", [before_id or 1 << 62]
        if not search:
            return self._batches(f"{where} ORDER BY id DESC LIMIT ?", *values, limit)
        return self._batches(
            f"""{where} AND (target LIKE ? ESCAPE '!' OR CAST(name AS TEXT) LIKE ? ESCAPE '!' OR EXISTS (
                SELECT 1 FROM transfer WHERE batch_id = batch.id AND CAST(key AS TEXT) LIKE ? ESCAPE '!'))
            ORDER BY id DESC LIMIT ?""",
            *values, like, like, like, limit,
        )  # fmt: skip

    def unlist_finished(self) -> None:
        """Take batches of which nothing is left to do out of the panel."""
        self._sql.execute(
            """UPDATE batch SET listed = 0 WHERE listed AND NOT EXISTS (
                SELECT 1 FROM transfer WHERE batch_id = batch.id AND state IN ('queued', 'paused'))"""
        )
        self.forget_oldest()

    def relist(self, batch_id: int) -> None:
        """Put a batch back into the panel."""
        self._sql.execute("UPDATE batch SET listed = 1 WHERE id = ?", (batch_id,))

    def set_proof(self, batch_id: int, proof: Proof | None) -> None:
        """Keep what looking for its files has found."""
        values = (proof.looked_for, proof.found, proof.error) if proof else (None, None, None)
        self._sql.execute(
            "UPDATE batch SET looked_for = ?, found = ?, proof_error = ? WHERE id = ?", (*values, batch_id)
        )

    def forget_oldest(self, kept_transfers: int = KEPT_TRANSFERS, kept_batches: int = KEPT_BATCHES) -> None:
        """Forget the transfers of the oldest finished batches, and batches too old for the diary."""
        (rows,) = self._sql.execute("SELECT count(*) FROM transfer").fetchone()
        for batch in self._batches("WHERE NOT listed AND done IS NULL ORDER BY id") if rows > kept_transfers else ():
            states = batch.states
            self._sql.execute(
                "UPDATE batch SET done = ?, failed = ?, cancelled = ? WHERE id = ?",
                (*(states[TransferState(name)] for name in _FINAL), batch.batch_id),
            )
            self._sql.execute("DELETE FROM transfer WHERE batch_id = ?", (batch.batch_id,))
            rows -= batch.total
            if rows <= kept_transfers:
                break
        self._sql.execute(
            """DELETE FROM batch WHERE NOT listed AND id NOT IN (SELECT id FROM batch ORDER BY id DESC LIMIT ?)""",
            (kept_batches,),
        )

    def _batches(self, clause: str, *values: object) -> list[BatchRecord]:
        rows = self._sql.execute(
            f"""SELECT id, connection_id, direction, target, started_at, total, total_bytes, name, looked_for, found,
            proof_error, done, failed, cancelled FROM batch {clause}""",
            values,
        ).fetchall()
        return [self._batch(*row) for row in rows]

    def _batch(
        self, batch_id: int, connection_id: str, direction: str, target: str, started_at: float, total: int,
        total_bytes: int, name: bytes | None, looked_for: int | None, found: int, proof_error: str | None,
        done: int | None, failed: int, cancelled: int,
    ) -> BatchRecord:  # fmt: skip
        states: Counter[TransferState] = Counter()
        sizes: Counter[TransferState] = Counter()
        if done is not None:
            states.update(dict(zip(map(TransferState, _FINAL), (done, failed, cancelled), strict=True)))
        else:
            for state, number, size in self._sql.execute(
                "SELECT state, count(*), sum(size) FROM transfer WHERE batch_id = ? GROUP BY state", (batch_id,)
            ):
                states[TransferState(state)], sizes[TransferState(state)] = number, size
        proof = None if looked_for is None else Proof(looked_for, found, proof_error)
        return BatchRecord(
            batch_id, connection_id, Direction(direction), target, datetime.fromtimestamp(started_at, UTC), total,
            total_bytes, _text(name or b""), proof, states, sizes,
        )  # fmt: skip

    # ------------------------------------------------------------------ transfers

    def transfer(self, transfer_id: int) -> TransferRecord | None:
        """One transfer, or None where it was forgotten."""
        return next(self._transfers("transfer.id = ?", transfer_id), None)

    def queued(self, limit: int, *, big: bool, after_rank: int, without: Collection[str] = ()) -> list[TransferRecord]:
        """The next of the queue that go in parts, or the next that do not; not of these connections."""
        unwanted = f"AND connection_id NOT IN ({_marks(without)})" if without else ""
        clause = f"state = 'queued' AND is_big = ? AND rank > ? {unwanted} ORDER BY rank LIMIT ?"
        return list(self._transfers(clause, big, after_rank, *without, limit))

    def rows(
        self, states: Sequence[TransferState], offset: int, limit: int, *, without: Collection[int] = ()
    ) -> list[TransferRecord]:
        """Transfers of the panel's batches in one of these states, but not these, in the order of the queue."""
        unwanted = f"AND transfer.id NOT IN ({_marks(without)})" if without else ""
        clause = f"listed AND state IN ({_marks(states)}) {unwanted} ORDER BY rank LIMIT ? OFFSET ?"
        return list(self._transfers(clause, *states, *without, limit, offset))

    def files(self, batch_id: int, states: Sequence[TransferState], offset: int, limit: int) -> list[TransferRecord]:
        """Transfers of one batch in one of these states, in the order of the plan."""
        clause = f"batch_id = ? AND state IN ({_marks(states)}) ORDER BY transfer.id LIMIT ? OFFSET ?"
        return list(self._transfers(clause, batch_id, *states, limit, offset))

    def arrived(self, batch_id: int, after: S3Location, limit: int) -> list[TransferRecord]:
        """Files of a batch that are done, in the order in which S3 lists them, beginning after one."""
        clause = f"{_ARRIVED} AND (bucket, key) > (?, ?) ORDER BY bucket, key LIMIT ?"
        return list(self._transfers(clause, batch_id, after.bucket, _key(after.key), limit))

    def arrived_span(self, batch_id: int) -> tuple[int, S3Location, S3Location]:
        """How many files of a batch are done, and the first and the last of them in that order."""
        query = f"SELECT count(*), min(bucket), min(key), max(bucket), max(key) FROM transfer WHERE {_ARRIVED}"
        number, *ends = self._sql.execute(query, (batch_id,)).fetchone()
        first, last = (S3Location(bucket or "", _text(key or b"")) for bucket, key in (ends[:2], ends[2:]))
        return number, first, last

    def _transfers(self, clause: str, *values: object) -> Iterator[TransferRecord]:
        query = f"SELECT {_TRANSFER} FROM transfer JOIN batch ON batch.id = batch_id WHERE {clause}"
        return map(_record, self._sql.execute(query, values))

    def set_state(
        self,
        transfer_id: int,
        state: TransferState,
        *,
        error: Exception | None = None,
        attempts: int = 0,
        position: int = 0,
        size: int | None = None,
        etag: str | None = None,
    ) -> None:
        """Keep what has become of a transfer; None: as before."""
        self._sql.execute(
            """UPDATE transfer SET state = ?, error = ?, attempts = ?, position = ?, size = coalesce(?, size),
            etag = coalesce(?, etag) WHERE id = ?""",
            (state, error_text(error) if error else None, attempts, position, size, etag, transfer_id),
        )

    def move_many(
        self,
        before: Sequence[TransferState],
        after: TransferState,
        *,
        batch_id: int | None = None,
        connection_id: str | None = None,
        without: Collection[int] = (),
        error: Exception | None = None,
    ) -> list[Moved]:
        """Put every transfer that is in one of these states (of a batch, of a connection) into another."""
        clause, values = f"state IN ({_marks(before)})", list[object](before)
        if batch_id is not None:
            clause, values = f"{clause} AND batch_id = ?", [*values, batch_id]
        if connection_id is not None:
            clause += " AND batch_id IN (SELECT id FROM batch WHERE connection_id = ?)"
            values.append(connection_id)
        clause += " AND batch_id IN (SELECT id FROM batch WHERE listed)"
        if without:
            clause, values = f"{clause} AND id NOT IN ({_marks(without)})", [*values, *without]
        moved = [
            Moved(batch, TransferState(state), number, size)
            for batch, state, number, size in self._sql.execute(
                f"SELECT batch_id, state, count(*), sum(size) FROM transfer WHERE {clause} GROUP BY 1, 2", values
            )
        ]
        self._sql.execute(
            f"UPDATE transfer SET state = ?, error = ?, attempts = 0 WHERE {clause}",
            (after, error_text(error) if error else None, *values),
        )
        return moved

    def put_first(self, transfer_id: int) -> None:
        """Let it be the next of the queue."""
        self._sql.execute(
            "UPDATE transfer SET rank = (SELECT min(rank) FROM transfer WHERE state <> 'done') - 1 WHERE id = ?",
            (transfer_id,),
        )

    def remove(self, transfer_id: int) -> None:
        """Forget one transfer, in the sums of its batch too."""
        self._sql.execute(
            """UPDATE batch SET total = total - 1, total_bytes = total_bytes - (SELECT size FROM transfer WHERE id = ?)
            WHERE id = (SELECT batch_id FROM transfer WHERE id = ?)""",
            (transfer_id, transfer_id),
        )
        self._sql.execute("DELETE FROM transfer WHERE id = ?", (transfer_id,))
        self._sql.execute(
            "DELETE FROM batch WHERE total = 0 AND NOT EXISTS (SELECT 1 FROM transfer WHERE batch_id = batch.id)"
        )

    # ------------------------------------------------------------------ what is needed to go on

    def keep_partial(self, record: TransferRecord, partial: Partial) -> None:
        """Keep what a transfer has on the other side; what it had before is forgotten."""
        self.forget_partial(record.transfer_id)
        self._sql.execute(
            """INSERT INTO partial (transfer_id, connection_id, bucket, key, upload_id, temp, etag, size, part_size)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                record.transfer_id, record.connection_id, record.item.location.bucket, _key(record.item.location.key),
                partial.upload_id,
                os.fsencode(partial.temp) if partial.temp else None, partial.etag, partial.size, partial.part_size,
            ),
        )  # fmt: skip
        for part in partial.parts:
            self.keep_part(record.transfer_id, part)

    def keep_part(self, transfer_id: int, part: UploadedPart) -> None:
        """Keep that a part has arrived."""
        self._sql.execute(
            "INSERT OR REPLACE INTO part SELECT id, ?, ?, ?, ? FROM partial WHERE transfer_id = ?",
            (part.number, part.size, part.etag, part.crc64nvme, transfer_id),
        )

    def partial(self, transfer_id: int) -> Partial | None:
        """What a transfer has on the other side."""
        found = self._sql.execute(
            "SELECT id, part_size, upload_id, temp, etag, size FROM partial WHERE transfer_id = ?", (transfer_id,)
        ).fetchone()
        return self._partial(*found) if found else None

    def forget_partial(self, transfer_id: int) -> None:
        """There is nothing of it on the other side any more."""
        self._sql.execute("DELETE FROM partial WHERE transfer_id = ?", (transfer_id,))

    def leftovers(self) -> list[Leftover]:
        """What transfers that nobody will finish have on the other side."""
        rows = self._sql.execute(
            """SELECT id, part_size, upload_id, temp, etag, size, transfer_id, connection_id, bucket, key
            FROM partial WHERE NOT EXISTS (SELECT 1 FROM transfer JOIN batch ON batch.id = batch_id WHERE
                transfer.id = transfer_id AND state IN ('queued', 'paused', 'failed') AND listed)"""
        ).fetchall()
        return [
            Leftover(row[0], row[6], row[7], S3Location(row[8], _text(row[9])), self._partial(*row[:6])) for row in rows
        ]

    def forget_leftover(self, partial_id: int) -> None:
        """It is gone."""
        self._sql.execute("DELETE FROM partial WHERE id = ?", (partial_id,))

    def _partial(
        self, partial_id: int, part_size: int, upload_id: str, temp: bytes | None, etag: str, size: int
    ) -> Partial:
        rows = self._sql.execute(
            "SELECT number, size, etag, crc64nvme FROM part WHERE partial_id = ? ORDER BY number", (partial_id,)
        )
        parts = tuple(UploadedPart(*row) for row in rows)
        return Partial(part_size, upload_id, Path(os.fsdecode(temp)) if temp else None, etag, size, parts)


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


def _is_locked(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _set_aside(path: Path, error: Exception) -> SettingsError:
    names = chain([f"{path.name}.bad"], (f"{path.name}.bad{number}" for number in count(2)))
    kept = next(free for free in map(path.with_name, names) if not os.path.lexists(free))
    told = SettingsError(
        "load_transfers", str(path), "Damaged",
        reason="The list of transfers was damaged. It was set aside; uploads that were under way may be unfinished.",
        hint=f"It is kept as “{kept}”. Drop the same files again, and what was sent already is not sent twice.",
    )  # fmt: skip
    told.__cause__ = error
    with suppress(OSError):
        path.rename(kept)
    for suffix in ("-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return told


def _in_memory(path: Path) -> SettingsError:
    return SettingsError(
        "load_transfers", str(path), "Unwritable",
        reason="The list of transfers can’t be kept on this disk, so transfers will not go on after the program ends.",
    )  # fmt: skip


def _record(row: tuple[Any, ...]) -> TransferRecord:
    (
        transfer_id, batch_id, state, bucket, key, path, size, modified_ns, etag, may_replace, renamed, is_folder,
        attempts, position, error, rank, direction, root, connection_id,
    ) = row  # fmt: skip
    item = TransferItem(
        Direction(direction), S3Location(bucket, _text(key)), Path(os.fsdecode(path)), size, modified_ns, etag,
        bool(may_replace), bool(renamed), bool(is_folder), Path(os.fsdecode(root)) if root else None,
    )  # fmt: skip
    failure: S3IntegrationError | None = error_from_text(error) if error else None
    return TransferRecord(
        transfer_id, batch_id, connection_id, item, TransferState(state), attempts, position, failure, rank
    )


def _key(key: str) -> bytes:
    return key.encode(errors="surrogatepass")


def _text(key: bytes) -> str:
    return key.decode(errors="surrogatepass")


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))

"""Every batch and transfer, what has become of it, and what is needed to go on after a crash."""

import os
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, count, repeat
from pathlib import Path
from typing import Self

from s3browser.exceptions import SettingsError
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import DELIMITER, S3Location
from s3browser.model.transfers import Direction, Plan, Proof, TransferState
from s3browser.transfers.errortext import error_text
from s3browser.transfers.journalfile import open_file
from s3browser.transfers.journalrows import TRANSFER, BatchRecord, Leftover, Moved, TransferRecord, bytes_of, text_of
from s3browser.transfers.parts import MULTIPART_FROM_BYTES
from s3browser.transfers.run import Partial

KEPT_TRANSFERS = 300_000
"""Beyond so many rows, finished batches keep their sums only, the oldest first."""
KEPT_BATCHES = 2_000
_FINAL = ("done", "failed", "cancelled")
_WAITING = "state <> 'done'"  # word for word as in the index of the queue
_ARRIVED = "batch_id = ? AND state = 'done' AND NOT is_folder"


class Journal:
    """Survives a crash at any moment: SQLite in WAL mode. One thread at a time; every call blocks for the disk.

    It is locked while it is open: a second program at the same time gets a journal of its own.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    # ------------------------------------------------------------------ opening

    @classmethod
    def open(cls, path: Path) -> tuple[Self, SettingsError | None]:
        """The journal at ``path``, and what to tell the person once, if anything.

        A damaged one, and one of a newer program, is set aside as ``.bad``; where no file can be made the journal is
        kept in memory. The program starts in any case.
        """
        connection, trouble = open_file(path)
        return cls(connection), trouble

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
        alone = items[0].location.name if len(items) == 1 else ""
        name = plan.folder + DELIMITER if plan.folder else alone
        batch_id = self._sql.execute(
            """INSERT INTO batch (connection_id, direction, target, root, started_at, total, total_bytes, name)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                connection_id, plan.direction, bytes_of(plan.target), os.fsencode(root) if root else None,
                started_at.timestamp(), len(items), sum(item.size for item in items),
                bytes_of(name) if name else None,
            ),
        ).lastrowid  # fmt: skip
        assert batch_id is not None
        (first,) = self._sql.execute(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'transfer'), 0) + 1"
        ).fetchone()
        errors = chain(repeat(None, len(plan.items)), (error_text(problem.error) for problem in plan.problems))
        self._sql.executemany(
            """INSERT INTO transfer (id, batch_id, state, is_big, rank, bucket, key, path, size, modified_ns, etag,
            may_replace, unless_same, renamed, is_folder, error)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                (
                    number, batch_id, "failed" if error else "queued", item.size >= MULTIPART_FROM_BYTES, number,
                    item.location.bucket, bytes_of(item.location.key), os.fsencode(item.local_path), item.size,
                    item.modified_ns, item.etag, item.may_replace, item.unless_same, item.renamed,
                    item.is_folder, error,
                )
                for number, item, error in zip(count(first), items, errors, strict=False)
            ),
        )  # fmt: skip
        self._take_over(batch_id)
        return batch_id

    def _take_over(self, batch_id: int) -> None:
        self._sql.execute(
            # CROSS: there are few of the first, and a search for each is quick.
            """UPDATE OR IGNORE partial SET transfer_id = found.new_id FROM (
                SELECT partial.id, new.id AS new_id FROM partial
                CROSS JOIN transfer AS old ON old.id = partial.transfer_id AND old.state <> 'queued'
                CROSS JOIN transfer AS new ON new.batch_id = ? AND new.bucket = old.bucket AND new.key = old.key
                    AND new.path = old.path AND new.size = old.size AND new.modified_ns = old.modified_ns
                    AND new.state = 'queued' AND new.id <> old.id
                CROSS JOIN batch ON batch.id = new.batch_id AND batch.connection_id = partial.connection_id
                    AND (batch.direction = 'upload') = (partial.temp IS NULL)
            ) AS found WHERE partial.id = found.id""",
            (batch_id,),
        )

    def batch(self, batch_id: int) -> BatchRecord | None:
        """One batch, or None where it was forgotten."""
        return next(iter(self._batches("WHERE id = ?", batch_id)), None)

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
            f"""{where} AND (CAST(target AS TEXT) LIKE ? ESCAPE '!' OR CAST(name AS TEXT) LIKE ? ESCAPE '!' OR EXISTS (
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

    def unlist_arrived(self) -> None:
        """Take batches that arrived as a whole, and were looked for, out of the panel."""
        self._sql.execute(
            """UPDATE batch SET listed = 0 WHERE listed AND looked_for IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM transfer WHERE batch_id = batch.id AND state <> 'done')"""
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
        """Forget the transfers of the oldest batches out of the panel, and batches too old for the diary."""
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
        self, batch_id: int, connection_id: str, direction: str, target: bytes, started_at: float, total: int,
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
            batch_id, connection_id, Direction(direction), text_of(target), datetime.fromtimestamp(started_at, UTC),
            total, total_bytes, text_of(name or b""), proof, states, sizes,
        )  # fmt: skip

    # ------------------------------------------------------------------ transfers

    def transfer(self, transfer_id: int) -> TransferRecord | None:
        """One transfer, or None where it was forgotten."""
        return next(self._transfers("transfer.id = ?", transfer_id), None)

    def queued(self, limit: int, *, big: bool, after_rank: int, without: Collection[str] = ()) -> list[TransferRecord]:
        """The next of the queue that go in parts, or the next that do not; not of these connections."""
        unwanted = f"AND connection_id NOT IN ({_marks(without)})" if without else ""
        clause = f"state = 'queued' AND {_WAITING} AND is_big = ? AND rank > ? {unwanted} ORDER BY rank LIMIT ?"
        return list(self._transfers(clause, big, after_rank, *without, limit))

    def rows(
        self, state: TransferState, offset: int, limit: int, *, without: Collection[int] = ()
    ) -> list[TransferRecord]:
        """Transfers of the panel's batches in one state, any but done, but not these, in the order of the queue."""
        unwanted = f"AND transfer.id NOT IN ({_marks(without)})" if without else ""
        clause = f"state = ? AND {_WAITING} AND listed {unwanted} ORDER BY rank LIMIT ? OFFSET ?"
        return list(self._transfers(clause, state, *without, limit, offset))

    def begun_bytes(self, *, without: Collection[int] = ()) -> int:
        """How many bytes have been moved of the panel's transfers that wait or are paused, but not of these."""
        unwanted = f"AND transfer.id NOT IN ({_marks(without)})" if without else ""
        query = f"""SELECT coalesce(sum(position), 0) FROM transfer JOIN batch ON batch.id = batch_id
            WHERE listed AND position > 0 AND state IN ('queued', 'paused') {unwanted}"""
        (total,) = self._sql.execute(query, tuple(without)).fetchone()
        return int(total)

    def files(self, batch_id: int, states: Sequence[TransferState], offset: int, limit: int) -> list[TransferRecord]:
        """Transfers of one batch in one of these states, in the order of the plan."""
        clause = f"batch_id = ? AND state IN ({_marks(states)}) ORDER BY transfer.id LIMIT ? OFFSET ?"
        return list(self._transfers(clause, batch_id, *states, limit, offset))

    def arrived(self, batch_id: int, after: S3Location, limit: int) -> list[TransferRecord]:
        """Files of a batch that are done, in the order in which S3 lists them, beginning after one."""
        clause = f"{_ARRIVED} AND (bucket, key) > (?, ?) ORDER BY bucket, key LIMIT ?"
        return list(self._transfers(clause, batch_id, after.bucket, bytes_of(after.key), limit))

    def arrived_span(self, batch_id: int) -> tuple[int, S3Location, S3Location]:
        """How many files of a batch are done, and the first and the last of them in that order."""
        query = f"SELECT count(*), min(bucket), min(key), max(bucket), max(key) FROM transfer WHERE {_ARRIVED}"
        number, *ends = self._sql.execute(query, (batch_id,)).fetchone()
        first, last = (S3Location(bucket or "", text_of(key or b"")) for bucket, key in (ends[:2], ends[2:]))
        return number, first, last

    def _transfers(self, clause: str, *values: object) -> Iterator[TransferRecord]:
        query = f"SELECT {TRANSFER} FROM transfer JOIN batch ON batch.id = batch_id WHERE {clause}"
        return map(TransferRecord.of, self._sql.execute(query, values))

    def set_state(
        self,
        transfer_id: int,
        state: TransferState,
        *,
        error: Exception | None = None,
        attempts: int = 0,
        position: int = 0,
    ) -> None:
        """Keep what has become of a transfer."""
        self._sql.execute(
            "UPDATE transfer SET state = ?, error = ?, attempts = ?, position = ? WHERE id = ?",
            (state, error_text(error) if error else None, attempts, position, transfer_id),
        )

    def set_done(self, record: TransferRecord, size: int, etag: str) -> None:
        """Keep that a file has arrived, as large as it was then; nothing of it is on the way any more."""
        if size != record.item.size:
            self._sql.execute(
                "UPDATE batch SET total_bytes = total_bytes + ? WHERE id = ?",
                (size - record.item.size, record.batch_id),
            )
        self._sql.execute(
            """UPDATE transfer SET state = 'done', error = NULL, attempts = 0, position = ?, size = ?, etag = ?
            WHERE id = ?""",
            (size, size, etag, record.transfer_id),
        )
        # Small files never had anything on the way, unless they were large once.
        if record.position or max(size, record.item.size) >= MULTIPART_FROM_BYTES:
            self.forget_partial(record.transfer_id)

    def move_many(
        self,
        before: Collection[TransferState],
        after: TransferState,
        *,
        batch_id: int | None = None,
        transfer_id: int | None = None,
        without: Collection[int] = (),
    ) -> list[Moved]:
        """Put every transfer of the panel that is in one of these states into another; of one batch, or only one."""
        clause = f"state IN ({_marks(before)}) AND {_WAITING} AND batch_id IN (SELECT id FROM batch WHERE listed)"
        values: list[object] = [*before]
        for column, wanted in (("batch_id", batch_id), ("id", transfer_id)):
            if wanted is not None:
                clause, values = f"{clause} AND {column} = ?", [*values, wanted]
        if without:
            clause, values = f"{clause} AND id NOT IN ({_marks(without)})", [*values, *without]
        moved = [
            Moved(batch, TransferState(state), number, size)
            for batch, state, number, size in self._sql.execute(
                f"SELECT batch_id, state, count(*), sum(size) FROM transfer WHERE {clause} GROUP BY 1, 2", values
            )
        ]
        # What was only paused goes on from where it was.
        self._sql.execute(
            f"""UPDATE transfer SET position = iif(? <> 'cancelled' AND state IN ('queued', 'paused'), position, 0),
            state = ?, error = NULL, attempts = 0 WHERE {clause}""",
            (after, after, *values),
        )
        return moved

    def put_first(self, transfer_id: int) -> None:
        """Let it be the next of the queue, if it waits there."""
        self._sql.execute(
            """UPDATE transfer SET rank = (SELECT min(rank) FROM transfer WHERE state <> 'done') - 1
            WHERE id = ? AND state = 'queued'""",
            (transfer_id,),
        )

    def remove(self, transfer_id: int) -> None:
        """Forget one transfer, in the sums of its batch too, and a batch of which nothing is left."""
        record = self.transfer(transfer_id)
        if record is None:
            return
        self._sql.execute("DELETE FROM transfer WHERE id = ?", (transfer_id,))
        self._sql.execute(
            "UPDATE batch SET total = total - 1, total_bytes = total_bytes - ? WHERE id = ?",
            (record.item.size, record.batch_id),
        )
        self._sql.execute("DELETE FROM batch WHERE id = ? AND total = 0", (record.batch_id,))

    # ------------------------------------------------------------------ what is needed to go on

    def keep_partial(self, record: TransferRecord, partial: Partial) -> None:
        """Keep what a transfer has on the other side; what it had before is forgotten."""
        self.forget_partial(record.transfer_id)
        self._sql.execute(
            """INSERT INTO partial (transfer_id, connection_id, bucket, key, upload_id, temp, etag, size, part_size)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                record.transfer_id, record.connection_id, record.item.location.bucket,
                bytes_of(record.item.location.key), partial.upload_id,
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

    def open_uploads(self, bucket: str) -> dict[str, TransferState]:
        """Uploads in a bucket that go on by themselves, or when somebody lets them: their ids, queued or paused."""
        rows = self._sql.execute(
            """SELECT upload_id, state FROM partial JOIN transfer ON transfer.id = transfer_id
            WHERE partial.bucket = ? AND temp IS NULL AND state IN ('queued', 'paused')""",
            (bucket,),
        )
        return {upload_id: TransferState(state) for upload_id, state in rows}

    def leftovers(self) -> list[Leftover]:
        """What transfers that nobody will finish have on the other side."""
        rows = self._sql.execute(
            """SELECT id, part_size, upload_id, temp, etag, size, connection_id, bucket, key
            FROM partial WHERE NOT EXISTS (SELECT 1 FROM transfer JOIN batch ON batch.id = batch_id WHERE
                transfer.id = transfer_id AND state IN ('queued', 'paused', 'failed') AND listed)"""
        ).fetchall()
        return [Leftover(row[0], row[6], S3Location(row[7], text_of(row[8])), self._partial(*row[:6])) for row in rows]

    def forget_leftover(self, partial_id: int) -> None:
        """It is gone, unless a new transfer has taken it up meanwhile: that finds out by itself."""
        self._sql.execute(
            """DELETE FROM partial WHERE id = ? AND NOT EXISTS (
                SELECT 1 FROM transfer WHERE transfer.id = transfer_id AND state = 'queued')""",
            (partial_id,),
        )

    def _partial(
        self, partial_id: int, part_size: int, upload_id: str, temp: bytes | None, etag: str, size: int
    ) -> Partial:
        rows = self._sql.execute(
            "SELECT number, size, etag, crc64nvme FROM part WHERE partial_id = ? ORDER BY number", (partial_id,)
        )
        parts = tuple(UploadedPart(*row) for row in rows)
        return Partial(part_size, upload_id, Path(os.fsdecode(temp)) if temp else None, etag, size, parts)


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))

"""What the tests tell a session to do. Imports nothing whose constants the zygote changes."""

from dataclasses import dataclass
from pathlib import Path

from s3browser.model.transfers import Plan

CONNECTION = "scripted"
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What a session is to do. ``report`` is where it writes what it saw at its end, as JSON.

    Attributes:
        plan: started where the journal is empty, or with ``second_try`` ``again``.
        second_try: of the last session: what to do about failures before clearing up; None: an earlier session.
    """

    journal: Path
    report: Path
    plan: Plan
    connections: int
    actions: tuple[tuple[float, str, int], ...] = ()
    second_try: str | None = None

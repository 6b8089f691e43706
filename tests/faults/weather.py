"""What goes wrong on the way to the scripted server, and when: a scenario's faults, kills and changes."""

import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from time import monotonic

from tests.faults.scenario import Change, Kill, Scenario
from tests.servers.scripted import NO_FAULT, Fault
from tests.servers.world import Request

_REFUSALS = ((500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable"), (429, "TooManyRequests"))


class Weather:
    """Decides on every request. Thread-safe.

    Args:
        change: makes a change happen.

    Attributes:
        tally: what has gone wrong how often.
        asked: how often each API was asked.
        is_over: once set, nothing goes wrong any more.
    """

    def __init__(self, scenario: Scenario, change: Callable[[Change], object]) -> None:
        self._scenario = scenario
        self._change = change
        self._rng = Random(scenario.seed + 1)
        self._lock = threading.Lock()
        self._count = 0
        self._left = scenario.fault_budget
        self._dead_until: float | None = None
        self._changes = sorted(scenario.changes, key=lambda change: change.at_request)
        self._kill_at = 0
        self._stage = ""
        self._kill: Callable[[], object] | None = None
        self.tally: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.is_over = False

    def arm(self, kill: Kill, kill_it: Callable[[], object]) -> None:
        """Call ``kill_it`` with the request that ``kill`` names, counted from now."""
        with self._lock:
            self._kill_at, self._stage, self._kill = self._count + kill.at_request, kill.stage, kill_it

    def disarm(self) -> None:
        """The session has ended."""
        with self._lock:
            self._kill = None

    def __call__(self, request: Request) -> Fault:
        """What goes wrong with a request."""
        with self._lock:
            self._count += 1
            self.asked[request.api] += 1
            due = [change for change in self._changes if change.at_request <= self._count]
            self._changes = self._changes[len(due) :]
            fault = self._decide(request)
        for change in due:
            self._change(change)
        return fault

    def flush(self) -> None:
        """Let every change happen that has not yet."""
        with self._lock:
            due, self._changes = self._changes, []
        for change in due:
            self._change(change)

    def _decide(self, request: Request) -> Fault:
        if self._kill is not None and self._count >= self._kill_at:
            kill, self._kill = self._kill, None
            return self._killing(request, kill)
        if self.is_over:
            return NO_FAULT
        if self._is_dead():
            self.tally["network dead"] += 1
            return Fault(cut_request_at=0)
        if self._left <= 0 or self._rng.randrange(100) >= self._scenario.fault_rate:
            return NO_FAULT
        self._left -= 1
        return self._fault(request)

    def _is_dead(self) -> bool:
        if self._count < self._scenario.dead_from:
            return False
        if self._dead_until is None:
            self._dead_until = monotonic() + self._scenario.dead_s
        return monotonic() < self._dead_until

    def _killing(self, request: Request, kill: Callable[[], object]) -> Fault:
        self.tally[f"SIGKILL, request {self._stage}"] += 1
        if self._stage == "before":
            return Fault(cut_request_at=0, call=kill)
        if self._stage == "halfway":
            return Fault(cut_request_at=self._rng.randint(0, request.head_size + request.size), call=kill)
        if self._stage == "done":
            return Fault(cut_answer_at=0, call=kill)
        return Fault(call=kill)

    def _fault(self, request: Request) -> Fault:
        rng, size = self._rng, request.size
        kinds = ["cut request", "cut answer", "lost answer", "refusal", "refusal after the deed", "trickle"]
        if self._scenario.flips and size:
            kinds.append("bit flipped on the way up")
        if request.api == "GetObject":
            kinds += ["answer too short", *(["bit flipped on the way down"] * self._scenario.flips)]
        if request.api == "CompleteMultipartUpload":
            kinds.append("refusal behind a 200")
        kind = rng.choice(kinds)
        ending = rng.choice(("reset", "reset", "close", "close", "stall"))
        code = rng.choice(_REFUSALS)
        many = rng.choice((300, 2000, 70_000, 1_500_000))
        self.tally[f"{kind}, {ending}" if "cut" in kind or "lost" in kind else kind] += 1
        return {
            "cut request": Fault(cut_request_at=rng.randint(0, request.head_size + size), ending=ending),
            "cut answer": Fault(cut_answer_at=rng.randint(1, many), ending=ending),
            "lost answer": Fault(cut_answer_at=0, ending=ending),
            "refusal": Fault(refusal=code),
            "refusal after the deed": Fault(refusal=code, is_done=True),
            "refusal behind a 200": Fault(refusal=(200, "InternalError")),
            "trickle": Fault(piece_bytes=rng.choice((50, 10_000))),
            "answer too short": Fault(shorten_answer_to=rng.randint(0, many)),
            "bit flipped on the way up": Fault(flip_request_at=rng.randrange(max(1, size))),
            "bit flipped on the way down": Fault(flip_answer_at=rng.randrange(many)),
        }[kind]

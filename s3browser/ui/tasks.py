from collections.abc import Callable
from typing import TypeVar

from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.runner import JobRunner

T = TypeVar("T")

LANES = {"listing": 2, "rows": 1, "actions": 3, "local": 1}
"""Lane to threads: ``listing`` for pages, ``rows`` for sorting and filtering them, ``actions`` for what a click waits
for, ``local`` for this computer (keyring, walking folders), one thread because an unlock prompt may block it. Transfers
have a process of their own."""


class Tasks:
    """Work off the window's thread, with a default for failure: forgetting ``failed`` shows the error."""

    def __init__(self, runner: JobRunner, show_error: Callable[[Exception], None]) -> None:
        self.runner = runner
        self.show_error = show_error

    def run(
        self,
        lane: str,
        work: Callable[[CancelToken], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
        token: CancelToken | None = None,
    ) -> CancelToken:
        """Run ``work(token)`` on a lane; ``done`` or ``failed`` is called on the window's thread, later.

        Returns:
            The token; cancel it to drop the result.
        """
        return self.runner.submit(lane, work, done=done, failed=failed or self.show_error, token=token)

    def post(self, token: CancelToken, callback: Callable[[], None]) -> None:
        """From inside ``work``: call ``callback`` on the window's thread, unless the token was cancelled."""
        self.runner.post(token, callback)

"""Listings, page by page, from servers of every age; past boto3, which takes a hundred times as long."""

from collections.abc import Iterator, Mapping

from s3browser.exceptions import S3IntegrationError, S3UnsupportedError
from s3browser.jobs.retry import retrying
from s3browser.model.store import Cancel
from s3browser.s3.caller import Caller
from s3browser.s3.direct import Direct, Request, refusal_in, require_s3
from s3browser.s3.pages import Page, UnreadablePageError, read_page
from s3browser.s3.signing import query_string
from s3browser.s3.translate import Call, translated

# More than any server sends of a thousand names; so much of an answer is read.
_MAX_PAGE_BYTES = 64 * 1024 * 1024
# Servers step over what was deleted in pages without a name, but not for ever.
_MAX_IDLE_PAGES = 1000


class Listing:
    """What is asked of a bucket: the names that begin with a prefix. Thread-safe.

    Attributes:
        call: for the words of errors.
        cancel: ends every request.
        version: of the call ListObjects; 1 once the server has shown that it does not know 2.
    """

    def __init__(
        self, direct: Direct, caller: Caller, bucket: str, prefix: str, delimiter: str, cancel: Cancel | None
    ) -> None:
        self.call = Call("list", bucket, prefix)
        self.cancel = cancel
        self.version = 2
        self._direct = direct
        self._caller = caller
        self._about = {"encoding-type": "url", "prefix": prefix, **({"delimiter": delimiter} if delimiter else {})}

    @property
    def is_ordered(self) -> bool:
        """Whether names come in the order of keys, and a page can begin after any of them."""
        return not self._direct.is_directory(self.call)

    @property
    def most_requests(self) -> int:
        """How many requests the server takes at a time now."""
        return self._caller.pace.limit

    def beginning(self, after: str) -> dict[str, str]:
        """The parameters for the page that begins after a name, or with the first one."""
        return {("start-after" if self.version == 2 else "marker"): after} if after else {}

    def ask(self, version: int, where: Mapping[str, str]) -> Page:
        """One page. Blocking; tried again where that can help.

        Args:
            version: of the call.
            where: the parameters that say where the page begins.
        """
        query = {**self._about, **where, **({"list-type": "2"} if version == 2 else {})}
        api = "ListObjectsV2" if version == 2 else "ListObjects"
        request = Request(self.call, "GET", api, query_string(query), cancel=self.cancel, key="")

        def attempt() -> Page:
            try:
                return self._attempt(request)
            except S3IntegrationError as error:
                self._caller.pace.heed(error)
                raise

        return retrying(attempt, self._caller.policy, self.cancel)

    def _attempt(self, request: Request) -> Page:
        with self._direct.ask(request, {"accept-encoding": "identity"}) as answer:
            require_s3(answer, self.call)
            with translated(self.call):
                body = answer.read(_MAX_PAGE_BYTES)
        try:
            return read_page(body)
        except UnreadablePageError as error:
            # An error can come as a good answer; botocore makes the same of it.
            raise refusal_in(body, 500, answer.headers, request.api, self.call) from error

    def stuck(self) -> S3IntegrationError:
        """The error for a server that never comes to the end."""
        return self.call.error(
            S3IntegrationError, "ListingStuck", reason="The server keeps sending the same part of this list."
        )


def pages(listing: Listing, after: str = "") -> Iterator[Page]:
    """Every page of the names after ``after``, at least one; a name that a server repeats comes once.

    Version 2 of the call is tried first, version 1 where a server lacks it or answers as if it were version 1.

    Raises:
        S3IntegrationError: among others where the server does not get on (``ListingStuck``).
    """
    version, where = listing.version, listing.beginning(after)
    tokens, ends = set[str](), set[str]()
    before: Page | None = None
    idle = 0
    while True:
        try:
            page = listing.ask(version, where)
        except S3UnsupportedError:
            if version == 1 or before is not None:
                raise
            version = listing.version = 1
            where = listing.beginning(after)
            continue
        end = page.columns.keys[-1:]
        if page.is_truncated and end and end[0] in ends:
            raise listing.stuck()
        fresh = page.without(before) if before is not None else page
        yield fresh
        if not page.is_truncated:
            return
        idle = 0 if fresh.names else idle + 1
        token = page.token if version == 2 else ""
        if not token:
            version = listing.version = 1
            token = page.marker or page.last
        if not token or token in tokens or idle > _MAX_IDLE_PAGES:
            raise listing.stuck()
        tokens.add(token)
        ends.update(end)
        before = page
        where = {"continuation-token" if version == 2 else "marker": token}

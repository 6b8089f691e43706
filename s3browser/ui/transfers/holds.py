from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from s3browser.exceptions import S3CredentialsError
from s3browser.model.text import plural
from s3browser.model.transfers import Hold
from s3browser.ui.banner import Banner
from s3browser.ui.labels import short
from s3browser.ui.workspace import Workspace


class HoldBanners(QObject):
    """One banner for each connection whose transfers wait; it goes by itself when they go on.

    A banner that somebody put away stays away until the hold ends, or becomes one of the other kind.

    Signals:
        try_now_requested: the id of a connection whose network may be back.
        sign_in_requested: the id of a connection to sign in to again.
    """

    try_now_requested = Signal(str)
    sign_in_requested = Signal(str)

    def __init__(self, workspace: Workspace, name_of: Callable[[str], str]) -> None:
        """``name_of`` is what a connection is called."""
        super().__init__(workspace)
        self._workspace = workspace
        self._name_of = name_of
        self._banners: dict[tuple[str, bool], Banner] = {}

    def show(self, holds: Sequence[Hold]) -> None:
        """These are all the holds there are now."""
        wanted = {(hold.connection_id, isinstance(hold.error, S3CredentialsError)): hold for hold in holds}
        for key in [key for key in self._banners if key not in wanted]:
            self._workspace.remove_banner(self._banners.pop(key))
        for key, hold in wanted.items():
            text = hold_text(hold, self._name_of(hold.connection_id))
            if key in self._banners:
                self._banners[key].set_text(text)
            else:
                self._banners[key] = self._made(hold.connection_id, text, asks_to_sign_in=key[1])

    def _made(self, connection_id: str, text: str, *, asks_to_sign_in: bool) -> Banner:
        words, picture = ("Sign in again", "key") if asks_to_sign_in else ("Try now", "wifi-slash")
        banner = Banner(text, words, icon_name=picture, parent=self._workspace)
        asked = self.sign_in_requested if asks_to_sign_in else self.try_now_requested
        banner.button_clicked.connect(lambda: asked.emit(connection_id))
        self._workspace.add_banner(banner)
        return banner


def hold_text(hold: Hold, name: str) -> str:
    """What has happened, and what becomes of the transfers; ``name`` is the connection’s."""
    transfers, is_one = plural(hold.waiting, "transfer"), hold.waiting == 1
    if isinstance(hold.error, S3CredentialsError):
        return f"Your sign-in to {short(name)} has expired. {transfers} {'waits' if is_one else 'wait'} for you."
    goes_on = "goes on by itself" if is_one else "go on by themselves"
    return f"The connection to {short(name)} is lost. {transfers} {goes_on} as soon as it is back."

from dataclasses import dataclass, field

from s3browser.model.locations import S3Location


@dataclass(frozen=True, slots=True)
class Place:
    """A location seen through one connection."""

    profile_id: str
    location: S3Location


@dataclass(slots=True)
class History:
    """Where somebody has been, as back and forward need it."""

    _back: list[Place] = field(default_factory=list)
    _forward: list[Place] = field(default_factory=list)
    here: Place | None = None

    @property
    def can_go_back(self) -> bool:
        """Whether there was a place before this one."""
        return bool(self._back)

    @property
    def can_go_forward(self) -> bool:
        """Whether somebody came back from a place."""
        return bool(self._forward)

    def visit(self, place: Place) -> None:
        """Go to a new place; forward is forgotten. The place one is at already counts once."""
        if place == self.here:
            return
        if self.here is not None:
            self._back.append(self.here)
        self._forward.clear()
        self.here = place

    def back(self) -> Place:
        """Return to the place before. Raises IndexError where there is none."""
        place = self._back.pop()
        if self.here is not None:
            self._forward.append(self.here)
        self.here = place
        return place

    def forward(self) -> Place:
        """Undo ``back``. Raises IndexError where there is nothing to undo."""
        place = self._forward.pop()
        if self.here is not None:
            self._back.append(self.here)
        self.here = place
        return place

    def forget(self, profile_id: str) -> None:
        """Drop every place of a connection that was removed."""
        self._back = [place for place in self._back if place.profile_id != profile_id]
        self._forward = [place for place in self._forward if place.profile_id != profile_id]
        if self.here is not None and self.here.profile_id == profile_id:
            self.here = None

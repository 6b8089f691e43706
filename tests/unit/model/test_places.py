import pytest

from s3browser.model.locations import S3Location
from s3browser.model.places import History, Place

A, B, C = (Place("one", S3Location("b", key)) for key in ("a/", "b/", "c/"))
OTHER = Place("two", S3Location("b"))


def visited(*places: Place) -> History:
    history = History()
    for place in places:
        history.visit(place)
    return history


def test_back_and_forward() -> None:
    history = visited(A, B, B, C)
    assert (history.can_go_back, history.can_go_forward) == (True, False)
    assert (history.back(), history.back()) == (B, A)
    assert (history.can_go_back, history.can_go_forward) == (False, True)
    assert (history.forward(), history.here) == (B, B)


def test_a_new_place_forgets_forward() -> None:
    history = visited(A, B)
    history.back()
    history.visit(C)
    assert not history.can_go_forward
    assert history.back() == A


def test_there_is_nothing_before_the_beginning() -> None:
    with pytest.raises(IndexError):
        History().back()
    with pytest.raises(IndexError):
        History().forward()


def test_a_removed_connection_is_forgotten() -> None:
    history = visited(OTHER, A, OTHER)
    history.forget("two")
    assert (history.here, history.can_go_back) == (None, True)
    assert history.back() == A
    history.forget("two")
    assert history.here == A
    assert not history.can_go_forward

    history = visited(A)
    history.here = None
    history._forward.append(B)
    assert history.forward() == B

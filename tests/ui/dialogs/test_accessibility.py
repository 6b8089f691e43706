"""The check itself can fail."""

from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QWidget

from tests.ui.accessibility import nameless, rich_labels, said


def test_finds_what_has_no_name(window: QWidget) -> None:
    QLineEdit(window)
    QToolButton(window).setFocusPolicy(window.focusPolicy().StrongFocus)
    QPushButton("Named", window)
    assert sorted(nameless(window)) == ["QLineEdit ", "QToolButton "]


def test_finds_labels_that_would_render_html(window: QWidget) -> None:
    QLabel("<b>x</b>", window)
    assert rich_labels(window) == ["<b>x</b>"]


def test_hears_what_is_typed_in_the_clear_only(window: QWidget) -> None:
    clear, hidden = QLineEdit("clear words", window), QLineEdit("hidden words", window)
    hidden.setEchoMode(QLineEdit.EchoMode.Password)
    assert clear.text() in said(window)
    assert "hidden words" not in said(window)

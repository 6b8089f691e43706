"""What a screen reader would find, asked in the same process."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QLabel,
    QPlainTextEdit,
    QTableView,
    QTreeView,
    QWidget,
)


def accessible_name(widget: QWidget) -> str:
    """The name that is read out."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface else ""


def nameless(root: QWidget) -> list[str]:
    """The controls under ``root`` that a keyboard reaches and a screen reader cannot name."""
    return [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in root.findChildren(QWidget)
        if _is_control(widget) and not accessible_name(widget)
    ]


def said(root: QWidget) -> str:
    """Every text that is shown or read out, hidden parts included: titles, labels, tool tips, names, descriptions."""
    texts = [root.windowTitle()]
    for widget in [root, *root.findChildren(QWidget)]:
        texts += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface:
            texts += [interface.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Value)]
        if isinstance(widget, QLabel | QAbstractButton):
            texts.append(widget.text())
        if isinstance(widget, QPlainTextEdit):
            texts.append(widget.toPlainText())
    return "\n".join(text for text in texts if text)


def rich_labels(root: QWidget) -> list[str]:
    """The labels that would render HTML found in a name."""
    return [label.text() for label in root.findChildren(QLabel) if label.textFormat() is not Qt.TextFormat.PlainText]


def _is_control(widget: QWidget) -> bool:
    if widget.objectName().startswith("qt_") or widget.focusPolicy() is Qt.FocusPolicy.NoFocus:
        return False
    if isinstance(widget, QAbstractScrollArea):
        return isinstance(widget, QPlainTextEdit | QTreeView | QTableView)
    return True

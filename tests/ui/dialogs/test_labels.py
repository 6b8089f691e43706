import pytest
from PySide6.QtWidgets import QWidget

from s3browser.ui.labels import PlainLabel, short, tool_tip

LONG = "Quarterly_report_" * 20 + "2026.pdf"


def test_one_line_loses_its_middle_and_says_the_whole_in_the_tool_tip(window: QWidget) -> None:
    label = PlainLabel(LONG, window, max_lines=1)
    label.resize(200, 20)
    shown = label.shown_text(200)
    assert shown.startswith("Quarterly")
    assert shown.endswith("2026.pdf")
    assert "…" in shown
    label.show()
    assert LONG in label.toolTip()


def test_what_fits_is_shown_whole_and_without_tool_tip(window: QWidget) -> None:
    label = PlainLabel("short", window, max_lines=1)
    label.resize(200, 20)
    assert label.shown_text(200) == "short"
    assert label.toolTip() == ""


@pytest.mark.parametrize("width", [60, 200, 400])
def test_a_word_longer_than_a_line_is_broken_never_clipped(window: QWidget, width: int) -> None:
    label = PlainLabel(LONG, window)
    line = label.fontMetrics().height()
    assert label.heightForWidth(width) > line * label.fontMetrics().horizontalAdvance(LONG) // width - line


def test_lines_are_capped(window: QWidget) -> None:
    label = PlainLabel(LONG, window, max_lines=2)
    assert label.heightForWidth(100) <= 2 * label.fontMetrics().lineSpacing() + 2
    assert "…" in label.shown_text(100)


def test_tool_tips_show_markup_as_it_is() -> None:
    assert tool_tip("<img src=x>") == "<span>&lt;img src=x&gt;</span>"
    assert tool_tip("two\nlines") == "<span>two<br>lines</span>"
    assert tool_tip("") == ""


def test_a_name_in_a_sentence_keeps_its_ends() -> None:
    assert short("report.pdf") == "report.pdf"
    assert short("x" * 32) == "x" * 32
    shown = short(LONG)
    assert len(shown) == 32
    assert shown.startswith("Quarterly_report")
    assert shown.endswith("2026.pdf")

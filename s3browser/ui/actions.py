from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from s3browser.ui.icons import icon


class Actions:
    """Every action of the window: its words, icon and shortcut, said once for menus, buttons and keys."""

    def __init__(self, parent: QObject) -> None:
        key = QKeySequence.StandardKey
        self.back = _action(parent, "Back", "caret-left", "Alt+Left", tip="Go back")
        self.forward = _action(parent, "Forward", "caret-right", "Alt+Right", tip="Go forward")
        self.up = _action(parent, "Up", "arrow-up", "Alt+Up", tip="Go one folder up")
        self.refresh = _action(parent, "Refresh", "arrow-clockwise", key.Refresh, "Ctrl+R", tip="Read the folder again")
        self.edit_path = _action(parent, "Go to address…", "text-aa", "Ctrl+L")
        self.filter = _action(parent, "Filter this folder", "magnifying-glass", key.Find)
        self.open = _action(parent, "Open", "folder-open")
        self.upload = _action(parent, "Upload…", "upload-simple", "Ctrl+U", tip="Upload files")
        self.upload_folder = _action(parent, "Upload a folder…", "folder-plus", "Ctrl+Shift+U")
        self.download = _action(parent, "Download…", "download-simple", "Ctrl+D", tip="Download what is selected")
        self.new_folder = _action(parent, "New folder…", "folder-plus", "Ctrl+Shift+N", tip="Make a folder here")
        self.delete = _action(parent, "Delete…", "trash", key.Delete, tip="Delete what is selected")
        self.properties = _action(parent, "Properties", "info", "Alt+Return")
        self.copy_address = _action(parent, "Copy address", "copy", "Ctrl+Shift+C")
        self.select_all = _action(parent, "Select all", "list", key.SelectAll)
        self.show_details = _action(parent, "Show details", "sidebar-simple", "Ctrl+I", checkable=True)
        self.show_transfers = _action(parent, "Show transfers", "arrows-down-up", "Ctrl+J", checkable=True)
        self.diary = _action(parent, "Transfers diary…", "clock-counter-clockwise", "Ctrl+H", tip="Diary of transfers")
        self.transfer_settings = _action(parent, "Transfer settings…", "gear")
        self.unfinished_uploads = _action(parent, "Unfinished uploads…", "circle-notch")
        self.show_files_in_tree = _action(parent, "Show files in the tree", "file", checkable=True)
        self.add_connection = _action(parent, "Add a connection…", "plus", "Ctrl+N")
        self.edit_connection = _action(parent, "Edit this connection…", "gear")
        self.remove_connection = _action(parent, "Remove this connection…", "x-circle")
        self.add_bucket = _action(parent, "Add a bucket by name…", "archive")
        self.quit = _action(parent, "Quit", "x", key.Quit)


def _action(
    parent: QObject,
    text: str,
    icon_name: str,
    *shortcuts: QKeySequence.StandardKey | str,
    tip: str = "",
    checkable: bool = False,
) -> QAction:
    action = QAction(icon(icon_name), text, parent)
    action.setIconText(f"\u2009{text.rstrip('…')}")  # on buttons: Qt leaves less room after the icon than is calm
    keys = [QKeySequence(shortcut) for shortcut in shortcuts]
    action.setShortcuts(keys)
    action.setCheckable(checkable)
    name = tip or text.rstrip("…")
    shown = keys[0].toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
    action.setToolTip(f"{name} ({shown})" if shown else name)
    return action

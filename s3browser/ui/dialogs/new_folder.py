from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QLineEdit, QWidget

from s3browser.model.locations import DELIMITER, S3Location, key_problem
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel, short


class NewFolderDialog(Sheet):
    """Asks for a new folder's name and says at once why one cannot be.

    Args:
        where: the folder or bucket it will be in.
        is_taken: whether there is something of a name in it.
        parent: the window it belongs to.

    Signals:
        create_requested: the name, without spaces around it; the dialog is closed.
    """

    create_requested = Signal(str)

    def __init__(self, where: S3Location, is_taken: Callable[[str], bool], parent: QWidget | None) -> None:
        super().__init__(f"New folder in “{short(where.label)}”", parent, window_title="New folder")
        self._where = where
        self._is_taken = is_taken
        self.name_edit = QLineEdit(self)
        self.name_edit.setAccessibleName("Name of the new folder")
        self.name_edit.setPlaceholderText("Name")
        self.name_edit.textChanged.connect(self._check)
        self.body.addWidget(self.name_edit)
        self._problem = PlainLabel(" ", self, role="danger")
        self.body.addWidget(self._problem)
        role = QDialogButtonBox.ButtonRole
        self.create_button = self.add_button("Create folder", role.AcceptRole, look="primary")
        self.create_button.setDefault(True)
        self.create_button.clicked.connect(self._create)
        self.add_button("Cancel", role.RejectRole)
        self._check()
        self.name_edit.setFocus()

    @Slot()
    def _check(self) -> None:
        name = self.name_edit.text().strip()
        problem = self._problem_of(name) if name else None
        self._problem.setText(problem or " ")
        self.name_edit.setAccessibleDescription(problem or "")
        self.create_button.setEnabled(bool(name) and problem is None)

    def _problem_of(self, name: str) -> str | None:
        if DELIMITER in name:
            return "A name can’t contain “/”. Create one folder after the other."
        if name in (".", ".."):
            return "This name has a special meaning. Choose another one."
        if self._is_taken(name):
            return f"There is already something named “{name}” here."
        return key_problem(self._where.child(name, folder=True).key)

    @Slot()
    def _create(self) -> None:
        name = self.name_edit.text().strip()
        self.accept()
        self.create_requested.emit(name)

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID

_TEXT_WIDTH = 52 * GRID


class WelcomePage(QWidget):
    """What somebody sees who has no connection yet, and may never have heard of S3.

    Signals:
        connect_requested: set up a connection.
        demo_requested: look around with sample files.
    """

    connect_requested = Signal()
    demo_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        title = PlainLabel("Your files in the cloud, close at hand", self, role="title")
        text = PlainLabel(
            "Connect to Amazon S3, or to the S3 storage of your company, with the access key that your IT department "
            "gave you.",
            self,
            role="muted",
        )
        self.connect_button = QPushButton("Connect…", self)
        self.connect_button.setProperty("role", "primary")
        self.connect_button.clicked.connect(self.connect_requested)
        self.demo_button = QPushButton("Try with sample files", self)
        self.demo_button.setProperty("role", "link")
        self.demo_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.demo_button.clicked.connect(self.demo_requested)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * GRID, 4 * GRID, 4 * GRID, 4 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(Picture("cloud", "accent", 8 * GRID, self), 0, centre)
        for label in (title, text):
            label.setAlignment(centre)
            label.ensurePolished()
            label.setFixedSize(_TEXT_WIDTH, label.heightForWidth(_TEXT_WIDTH))  # aligned items get no more than a hint
            layout.addWidget(label, 0, centre)
        layout.addSpacing(GRID)
        layout.addWidget(self.connect_button, 0, centre)
        layout.addWidget(self.demo_button, 0, centre)
        layout.addStretch(3)

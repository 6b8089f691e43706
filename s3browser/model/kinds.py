"""What kind of file a name promises: the words and the icon of the contents table."""

from typing import NamedTuple


class Kind(NamedTuple):
    """``label`` as a person says it, ``icon`` of ``resources/icons``, ``colour`` of ``ui.theme.Colours``."""

    label: str
    icon: str
    colour: str


FOLDER = Kind("Folder", "folder", "folder")
BUCKET = Kind("Bucket", "archive", "accent")
PLAIN = Kind("File", "file", "muted")

_IMAGE = ("file-image", "image")
_TEXT = ("file-text", "muted")
_WORD = ("file-doc", "accent")
_SHEET = ("table", "sheet")
_SLIDES = ("presentation-chart", "slides")
_VIDEO = ("film-strip", "media")
_AUDIO = ("music-note", "media")
_ARCHIVE = ("package", "archive")
_CODE = ("file-code", "muted")

_KINDS = {
    "JPEG image": ("jpg jpeg jfif", _IMAGE),
    "PNG image": ("png", _IMAGE),
    "GIF image": ("gif", _IMAGE),
    "WebP image": ("webp", _IMAGE),
    "HEIC image": ("heic heif", _IMAGE),
    "TIFF image": ("tif tiff", _IMAGE),
    "SVG image": ("svg", _IMAGE),
    "Bitmap image": ("bmp", _IMAGE),
    "Camera image": ("raw cr2 cr3 nef arw dng", _IMAGE),
    "Photoshop image": ("psd", _IMAGE),
    "PDF document": ("pdf", ("file-pdf", "document")),
    "Word document": ("doc docx dotx", _WORD),
    "OpenDocument text": ("odt", _WORD),
    "Rich text": ("rtf", _WORD),
    "Spreadsheet": ("xls xlsx xlsm ods", _SHEET),
    "CSV table": ("csv tsv", _SHEET),
    "Presentation": ("ppt pptx odp key", _SLIDES),
    "Text": ("txt log", _TEXT),
    "Markdown text": ("md markdown", _TEXT),
    "Web page": ("html htm", _CODE),
    "Video": ("mp4 mov avi mkv webm m4v wmv", _VIDEO),
    "Audio": ("mp3 wav aac flac ogg m4a wma", _AUDIO),
    "ZIP archive": ("zip", _ARCHIVE),
    "Archive": ("7z rar tar gz tgz bz2 xz zst", _ARCHIVE),
    "Disk image": ("iso dmg img", _ARCHIVE),
    "Program": ("exe msi app deb rpm appimage", ("gear", "muted")),
    "JSON data": ("json", _CODE),
    "XML data": ("xml", _CODE),
    "YAML data": ("yaml yml", _CODE),
    "Parquet data": ("parquet", _SHEET),
    "Script": ("py js ts sh bat ps1 rb pl", _CODE),
    "Font": ("ttf otf woff woff2", ("text-aa", "muted")),
}
_BY_ENDING = {ending: Kind(label, *look) for label, (endings, look) in _KINDS.items() for ending in endings.split()}


def kind_of(name: str) -> Kind:
    """The kind by the name's ending; an unknown ending is named itself: ``INDD file``."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or not ending.isalnum() or len(ending) > 10:
        return PLAIN
    return _BY_ENDING.get(ending.lower()) or Kind(f"{ending.upper()} file", PLAIN.icon, PLAIN.colour)

"""The child process: ``python -m s3browser.documents.worker``, or the frozen program with ``--document-worker``.

Reads a request a line from its standard input and answers each on its standard output (``wire.py``), until the input
ends. It confines itself first (``confinement.py``). No reader opens a network connection or another file.
"""

from collections.abc import Callable
from pathlib import Path

from s3browser.documents import wire
from s3browser.documents.confinement import Deadline, confine
from s3browser.documents.detection import detect
from s3browser.documents.document import Document, Kind
from s3browser.exceptions import DocumentError
from s3browser.jobs.child import standard_pipes


def main() -> None:
    """Serve requests until the standard input ends."""
    requests, replies = standard_pipes()
    with requests, replies:
        confine()
        deadline = Deadline()
        for line in requests:
            deadline.start()
            replies.write(answer(*wire.decode_request(line)))
            replies.flush()
            deadline.stop()


def answer(path: Path, name: str) -> bytes:
    """Read one file and return the reply for it: a document or a refusal.

    Raises:
        ImportError: a parser is not installed. It ends the worker, as this is no fault of the file's.
    """
    try:
        return wire.encode_document(read(path, name))
    except DocumentError as error:
        return wire.encode_error(error, repr(error.__cause__) if error.__cause__ else "")
    except MemoryError:
        return wire.encode_error(DocumentError("process", code="TooLarge"), "out of memory")
    except ImportError:
        raise
    except Exception as error:
        # Parsers answer hostile bytes with every type there is: KeyError, struct.error, RecursionError, …
        return wire.encode_error(DocumentError("process"), f"{type(error).__name__}: {error}")


def read(path: Path, name: str) -> Document:
    """Read one file in this process, unconfined but for the limits that the readers keep by themselves.

    Raises:
        DocumentError: a refusal.
        Exception: whatever a parser makes of damaged bytes.
    """
    return _reader(detect(path, name))(path, name)


def _reader(kind: Kind) -> Callable[[Path, str], Document]:
    # Imported where needed, so that a text file does not wait for PDFium; written out, so that PyInstaller sees them.
    match kind:
        case Kind.PDF:
            from s3browser.documents.readers import pdf

            return pdf.read
        case Kind.WORD:
            from s3browser.documents.readers import word

            return word.read
        case Kind.EXCEL:
            from s3browser.documents.readers import excel

            return excel.read
        case Kind.POWERPOINT:
            from s3browser.documents.readers import powerpoint

            return powerpoint.read
        case Kind.OPENDOCUMENT:
            from s3browser.documents.readers import opendocument

            return opendocument.read
        case Kind.IMAGE:
            from s3browser.documents.readers import image

            return image.read
        case Kind.ZIP:
            from s3browser.documents.readers import archive

            return archive.read
        case Kind.HTML:
            from s3browser.documents.readers import html

            return html.read
        case Kind.CSV:
            from s3browser.documents.readers import csv

            return csv.read
        case Kind.TEXT | Kind.MARKDOWN:
            from s3browser.documents.readers import text

            return text.read


if __name__ == "__main__":
    main()

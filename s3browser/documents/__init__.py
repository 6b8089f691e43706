"""Documents as a person sees them: kind, title, author, pages, plain text and a small picture.

    processor.py        DocumentProcessor: fetches from S3, hands over, never stops a batch for one file
    reader_process.py   the parent's side of the reading: a child process with a time limit
    worker.py           the child: confines itself, decides the kind, calls one reader
    wire.py             what the two say to each other (JSON, so that a conquered child can only lie, not run code)
    detection.py        the kind, from the content first and the name second
    limits.py           every limit, in one place
    readers/            one module per kind, and the bounded ZIP and XML reading that they share

A file from a bucket is anybody's file, and a parser that meets a hostile one can hang, eat all memory or crash.
So no parser runs in the caller's process, and this package imports none of them: each reader does, in the child.
"""

from s3browser.documents.document import Document, Kind, Processed
from s3browser.documents.processor import DocumentClient, DocumentProcessor, read_document
from s3browser.documents.reader_process import ReaderProcess

__all__ = [
    "Document",
    "DocumentClient",
    "DocumentProcessor",
    "Kind",
    "Processed",
    "ReaderProcess",
    "read_document",
]

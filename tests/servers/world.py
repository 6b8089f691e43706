"""What the scripted server holds, and what S3's calls do to it. Signatures are not checked; checksums are."""

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count, islice
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from awscrt.checksums import crc64nvme

CRC_HEADER = "x-amz-checksum-crc64nvme"
_META = "x-amz-meta-"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose head has come; ``body`` is empty until the rest has, too."""

    api: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    head_size: int
    size: int
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Stored:
    """An object. ``crc`` is base64, and empty where the server keeps no checksums."""

    data: bytes = field(repr=False)
    etag: str
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = "binary/octet-stream"
    crc: str = ""
    modified_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class Upload:
    """An open multipart upload: a part’s number → its bytes and ETag."""

    bucket: str
    key: str
    metadata: dict[str, str]
    content_type: str
    parts: dict[int, tuple[bytes, str]] = field(default_factory=dict, repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class _Refusal(Exception):  # noqa: N818 (an answer, not an error)
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(slots=True)
class Answer:
    """What is said to a request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class World:
    """What a server holds. Thread-safe.

    Args:
        keeps_checksums: whether it keeps and returns CRC64NVME, as Amazon does; Ceph 16 does not, and does not heed
            conditions of CompleteMultipartUpload.

    Attributes:
        lock: hold it to look at ``objects`` and ``uploads`` (upload id → upload), or to change them.
        damaged_count: how many bodies came damaged, and were refused.
    """

    def __init__(self, *buckets: str, keeps_checksums: bool = True) -> None:
        self.keeps_checksums = keeps_checksums
        self.lock = threading.RLock()
        self.objects: dict[str, dict[str, Stored]] = {bucket: {} for bucket in buckets}
        self.uploads: dict[str, Upload] = {}
        self.damaged_count = 0
        self._numbers = count(1)

    def store(
        self, bucket: str, key: str, data: bytes, metadata: Mapping[str, str] | None = None, etag: str = ""
    ) -> Stored:
        """Put an object there, past every fault."""
        stored = Stored(data, etag or md5(data), dict(metadata or {}), crc=crc(data) if self.keeps_checksums else "")
        with self.lock:
            self.objects[bucket][key] = stored
        return stored

    def do(self, request: Request) -> Answer:
        """Do what is asked for, and return the answer; all of it at one moment."""
        with self.lock:
            if request.bucket and request.bucket not in self.objects and request.api != "CreateBucket":
                return refused(404, "NoSuchBucket")
            deed: Callable[[Request], Answer] | None = getattr(self, f"_{request.api}", None)
            if deed is None:
                return refused(501, "NotImplemented")
            try:
                return deed(request)
            except _Refusal as refusal:
                return refused(refusal.status, refusal.code)

    # ruff: noqa: N802 (below, S3's own names)

    def _ListBuckets(self, _: Request) -> Answer:
        names = "".join(f"<Bucket><Name>{escape(name)}</Name></Bucket>" for name in sorted(self.objects))
        return _xml("ListAllMyBucketsResult", f"<Owner><ID>me</ID></Owner><Buckets>{names}</Buckets>")

    def _CreateBucket(self, request: Request) -> Answer:
        self.objects.setdefault(request.bucket, {})
        return Answer()

    def _HeadBucket(self, _: Request) -> Answer:
        return Answer()

    def _ListObjectsV2(self, request: Request) -> Answer:
        query = request.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = base64.b64decode(query.get("continuation-token", "")) or query.get("start-after", "").encode()
        rows: dict[bytes, str] = {}
        for key, stored in sorted(self.objects[request.bucket].items(), key=lambda item: item[0].encode()):
            if not key.startswith(prefix):
                continue
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            name = key if end < 0 else key[: end + len(delimiter)]
            shown = quote(name) if query.get("encoding-type") == "url" else escape(name)
            rows[name.encode()] = (
                f"<Contents><Key>{shown}</Key><LastModified>{_iso(stored.modified_at)}</LastModified>"
                f"<ETag>&quot;{stored.etag}&quot;</ETag><Size>{len(stored.data)}</Size></Contents>"
                if end < 0
                else f"<CommonPrefixes><Prefix>{shown}</Prefix></CommonPrefixes>"
            )
        left = [(name, row) for name, row in rows.items() if name > after]
        page = left[: min(int(query.get("max-keys", _PAGE)), _PAGE)]
        more = len(page) < len(left)
        token = base64.b64encode(page[-1][0]).decode() if more else ""
        rest = f"<NextContinuationToken>{token}</NextContinuationToken>" if more else ""
        encoding = "<EncodingType>url</EncodingType>" if query.get("encoding-type") == "url" else ""
        head = f"<IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{len(page)}</KeyCount>{encoding}{rest}"
        return _xml("ListBucketResult", head + "".join(row for _, row in page))

    def _PutObject(self, request: Request) -> Answer:
        self._verify(request)
        if request.headers.get("if-none-match") == "*" and request.key in self.objects[request.bucket]:
            raise _Refusal(412, "PreconditionFailed")
        kind = request.headers.get("content-type", "binary/octet-stream")
        stored = self.store(request.bucket, request.key, request.body, _metadata(request))
        stored.content_type = kind
        return Answer(headers={"ETag": f'"{stored.etag}"', **self._told_crc(request)})

    def _verify(self, request: Request) -> None:
        """Refuse a body that is not what its checksums say; one that is not kept is not looked at either."""
        sums: dict[str, Callable[[], str]] = {
            "content-md5": lambda: base64.b64encode(bytes.fromhex(md5(request.body))).decode(),
            "x-amz-content-sha256": lambda: hashlib.sha256(request.body).hexdigest(),
        }
        if self.keeps_checksums and request.api != "CompleteMultipartUpload":  # there it is the whole object's
            sums[CRC_HEADER] = lambda: crc(request.body)
        for name, made in sums.items():
            told = request.headers.get(name, "UNSIGNED-PAYLOAD")
            if told != "UNSIGNED-PAYLOAD" and told != made():
                self.damaged_count += 1
                raise _Refusal(400, "XAmzContentSHA256Mismatch" if "sha256" in name else "BadDigest")

    def _told_crc(self, request: Request) -> dict[str, str]:
        told = request.headers.get(CRC_HEADER)
        return {CRC_HEADER: told} if told and self.keeps_checksums else {}

    def _HeadObject(self, request: Request) -> Answer:
        return self._GetObject(request)

    def _GetObject(self, request: Request) -> Answer:
        stored = self.objects[request.bucket].get(request.key)
        if stored is None:
            raise _Refusal(404, "NoSuchKey")
        if request.headers.get("if-match", f'"{stored.etag}"').strip('"') != stored.etag:
            raise _Refusal(412, "PreconditionFailed")
        headers = {
            "ETag": f'"{stored.etag}"',
            "Last-Modified": format_datetime(stored.modified_at, usegmt=True),
            "Content-Type": stored.content_type,
            "Accept-Ranges": "bytes",
            **{_META + name: value for name, value in stored.metadata.items()},
        }
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if wanted is None:
            if stored.crc and request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
                headers |= {CRC_HEADER: stored.crc, "x-amz-checksum-type": "FULL_OBJECT"}
            return Answer(200, stored.data, headers)
        start, last = int(wanted[1]), min(int(wanted[2] or 1 << 62), len(stored.data) - 1)
        if start > last:
            raise _Refusal(416, "InvalidRange")
        headers["Content-Range"] = f"bytes {start}-{last}/{len(stored.data)}"
        return Answer(206, stored.data[start : last + 1], headers)

    def _DeleteObject(self, request: Request) -> Answer:
        self.objects[request.bucket].pop(request.key, None)
        return Answer(204)

    def _CreateMultipartUpload(self, request: Request) -> Answer:
        upload_id = f"upload-{next(self._numbers)}"
        kind = request.headers.get("content-type", "binary/octet-stream")
        self.uploads[upload_id] = Upload(request.bucket, request.key, _metadata(request), kind)
        return _xml("InitiateMultipartUploadResult", f"<UploadId>{upload_id}</UploadId>")

    def _upload(self, request: Request) -> Upload:
        upload = self.uploads.get(request.query["uploadId"])
        if upload is None or (upload.bucket, upload.key) != (request.bucket, request.key):
            raise _Refusal(404, "NoSuchUpload")
        return upload

    def _UploadPart(self, request: Request) -> Answer:
        upload = self._upload(request)
        self._verify(request)
        etag = md5(request.body)
        upload.parts[int(request.query["partNumber"])] = request.body, etag
        return Answer(headers={"ETag": f'"{etag}"', **self._told_crc(request)})

    def _ListParts(self, request: Request) -> Answer:
        upload = self._upload(request)
        after = int(request.query.get("part-number-marker", 0))
        left = sorted((number, *part) for number, part in upload.parts.items() if number > after)
        page = list(islice(left, _PAGE))
        rows = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag><Size>{len(data)}</Size>"
            + (f"<ChecksumCRC64NVME>{crc(data)}</ChecksumCRC64NVME>" if self.keeps_checksums else "")
            + f"<LastModified>{_iso(upload.started_at)}</LastModified></Part>"
            for number, data, etag in page
        )
        more = len(page) < len(left)
        end = f"<NextPartNumberMarker>{page[-1][0]}</NextPartNumberMarker>" if more else ""
        return _xml("ListPartsResult", f"<IsTruncated>{str(more).lower()}</IsTruncated>{end}{rows}")

    def _CompleteMultipartUpload(self, request: Request) -> Answer:
        upload = self._upload(request)
        self._verify(request)
        wanted = [
            (int(part.findtext("{*}PartNumber") or 0), (part.findtext("{*}ETag") or "").strip('"'))
            for part in ElementTree.fromstring(request.body).iterfind("{*}Part")
        ]
        if not wanted or any(upload.parts.get(number, (b"", ""))[1] != etag for number, etag in wanted):
            raise _Refusal(400, "InvalidPart")
        data = b"".join(upload.parts[number][0] for number, _ in wanted)
        if self.keeps_checksums:
            if request.headers.get("if-none-match") == "*" and upload.key in self.objects[upload.bucket]:
                raise _Refusal(412, "PreconditionFailed")
            if request.headers.get(CRC_HEADER, crc(data)) != crc(data):
                raise _Refusal(400, "BadDigest")
        etag = multipart_etag([upload.parts[number][0] for number, _ in wanted])
        stored = self.store(upload.bucket, upload.key, data, upload.metadata, etag)
        stored.content_type = upload.content_type
        del self.uploads[request.query["uploadId"]]
        told = etag if self.keeps_checksums else ""  # Ceph 16 tells none
        return _xml("CompleteMultipartUploadResult", f"<Key>{escape(upload.key)}</Key><ETag>&quot;{told}&quot;</ETag>")

    def _AbortMultipartUpload(self, request: Request) -> Answer:
        self._upload(request)
        del self.uploads[request.query["uploadId"]]
        return Answer(204)

    def _ListMultipartUploads(self, request: Request) -> Answer:
        prefix = request.query.get("prefix", "")
        shown = quote if request.query.get("encoding-type") == "url" else escape
        encoding = "<EncodingType>url</EncodingType>" if shown is quote else ""
        rows = "".join(
            f"<Upload><Key>{shown(upload.key)}</Key><UploadId>{upload_id}</UploadId>"
            f"<Initiated>{_iso(upload.started_at)}</Initiated></Upload>"
            for upload_id, upload in sorted(self.uploads.items(), key=lambda item: item[1].key)
            if upload.bucket == request.bucket and upload.key.startswith(prefix)
        )
        return _xml("ListMultipartUploadsResult", f"<IsTruncated>false</IsTruncated>{encoding}{rows}")


def md5(data: bytes) -> str:
    """The ETag of an object that came in one."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def multipart_etag(parts: list[bytes]) -> str:
    """The ETag of an object that came in parts."""
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    return f"{md5(digests)}-{len(parts)}"


def crc(data: bytes) -> str:
    """CRC64NVME as S3 writes it."""
    return base64.b64encode(crc64nvme(data).to_bytes(8)).decode()


def _metadata(request: Request) -> dict[str, str]:
    return {name[len(_META) :]: value for name, value in request.headers.items() if name.startswith(_META)}


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _xml(name: str, content: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{content}</{name}>'
    return Answer(200, body.encode(), {"Content-Type": "application/xml"})


def refused(status: int, code: str) -> Answer:
    """The answer that says no."""
    answer = _xml("Error", f"<Code>{code}</Code><Message>{code}, says the script.</Message>")
    answer.status = status
    return answer

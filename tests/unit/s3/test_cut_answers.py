"""An answer that breaks off is a lost one, at whatever byte: nothing is read out of half of it."""

from collections.abc import Callable

import pytest

from s3browser.exceptions import S3IntegrationError
from s3browser.s3.config import S3Config
from s3browser.s3.service import S3Service
from tests.servers.scripted import NO_FAULT, Fault, ScriptedS3
from tests.servers.world import Request, World

BUCKET = "bucket"


def parts(service: S3Service) -> object:
    return service.list_parts(BUCKET, "key", "upload-1")


@pytest.mark.parametrize(
    ("api", "call"),
    [
        ("ListBuckets", lambda service: [bucket.name for bucket in service.list_buckets()]),
        ("ListObjectsV2", lambda service: [info.key for info in service.list_files(BUCKET, "")]),
        ("HeadObject", lambda service: service.head(BUCKET, "key").metadata),
        ("ListParts", parts),
        ("ListMultipartUploads", lambda service: [each.upload_id for each in service.list_uploads(BUCKET)]),
        ("CreateMultipartUpload", lambda service: service.create_multipart(BUCKET, "key")[:7]),
    ],
)
def test_an_answer_cut_at_any_byte(api: str, call: Callable[[S3Service], object]) -> None:
    world = World(BUCKET)
    world.store(BUCKET, "key", b"abc", {"mtime": "1600000000.123456789"})
    world.do(Request("CreateMultipartUpload", BUCKET, "key", {}, {}, 0, 0))
    world.do(Request("UploadPart", BUCKET, "key", {"uploadId": "upload-1", "partNumber": "1"}, {}, 0, 3, b"abc"))
    cut_at: int | None = None

    def script(request: Request) -> Fault:
        return NO_FAULT if cut_at is None or request.api != api else Fault(cut_answer_at=cut_at, ending="close")

    with ScriptedS3(world, script) as server:
        service = S3Service(
            S3Config(
                region="us-east-1", access_key_id="key", secret_access_key="secret", endpoint_url=server.endpoint_url,
                addressing_style="path", max_attempts=1,
            )
        )  # fmt: skip
        whole = call(service)
        lost: list[bool] = []
        for cut_at in range(600):
            try:
                assert call(service) == whole, f"cut after {cut_at} bytes"
            except S3IntegrationError as error:
                lost.append(error.retryable)
        assert all(lost)
        assert len(lost) > 100
        service.close()

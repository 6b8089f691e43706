"""What a server that enforces its rules refuses, and what the program makes of it: on Ceph's radosgw."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from s3browser import S3Client, S3Service
from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BucketError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.model.store import ObjectStore
from tests.servers.process import program
from tests.servers.radosgw import SETUP, Radosgw
from tests.servers.server import REGION, Server

pytestmark = pytest.mark.ceph


def put(store: ObjectStore, bucket: str, key: str, data: bytes = b"text") -> None:
    store.put(bucket, key, BytesIO(data), len(data))


@pytest.fixture
def other(ceph: Radosgw) -> Iterator[Server]:
    """The server as somebody sees it who has no rights on the buckets of the owner."""
    with ceph.user(f"other{uuid4().hex[:8]}") as server:
        yield server


@pytest.fixture
def owned(ceph: Radosgw, bucket: str) -> str:
    """A bucket of the owner with the file ``folder/file.txt``."""
    client = ceph.http.boto3_client()
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="folder/file.txt", Body=b"text")
    return bucket


def allow(ceph: Radosgw, bucket: str, *actions: str) -> None:
    """Let everybody do this in the bucket."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": list(actions), "Resource": resources}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    ceph.http.boto3_client().put_bucket_policy(Bucket=bucket, Policy=policy)


# ---------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_key_id": "NOSUCHKEY"}, "InvalidAccessKeyId"),
        ({"secret_access_key": "another-secret-key"}, "SignatureDoesNotMatch"),
        ({"session_token": "garbage"}, None),
    ],
    ids=["key", "secret", "token"],
)
@pytest.mark.parametrize("door", ["radosgw_http", "radosgw_https"])
def test_wrong_keys_are_told_apart(
    door: str, changes: dict[str, str], code: str | None, owned: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(door)
    store = S3Service(server.config(**changes))
    calls: list[Callable[[], object]] = [
        store.check_credentials,
        store.list_buckets,
        lambda: list(store.list_folder(owned, "")),
        lambda: store.head(owned, "folder/file.txt"),
        lambda: put(store, owned, "new"),
    ]
    if code is None:  # a gateway without session tokens overlooks one
        return store.check_credentials()
    for call in calls:
        with pytest.raises(S3CredentialsError) as caught:
            call()
        assert caught.value.code == code
        assert server.secret_access_key not in caught.value.message_for_it()


@pytest.mark.parametrize(
    "changes",
    [{"access_key_id": "NOSUCHKEY"}, {"secret_access_key": "another-secret-key"}, {"session_token": "garbage"}],
    ids=["key", "secret", "token"],
)
def test_wrong_keys_are_no_proof_where_the_server_says_access_denied(
    radosgw_sts: Server, changes: dict[str, str]
) -> None:
    with pytest.raises(S3CredentialsError) as caught:
        S3Service(radosgw_sts.config(**changes)).check_credentials()
    assert "keys may be wrong" in caught.value.reason


def test_suspended_user(ceph: Radosgw, other: Server) -> None:
    ceph.admin("user", "suspend", f"--uid={other.access_key_id.removesuffix('-key')}")
    store = S3Service(other.config())
    for call in (store.check_credentials, store.list_buckets):
        with pytest.raises(S3AccessDeniedError) as caught:
            call()
        assert caught.value.code == "UserSuspended"
        assert "suspended" in caught.value.reason


@pytest.mark.parametrize(("offset", "words"), [("+2h", "2 hours ahead"), ("-3d", "behind")])
def test_clock_that_is_off_is_told(radosgw_http: Server, offset: str, words: str) -> None:
    script = textwrap.dedent("""
        import sys
        from s3browser import S3Config, S3Service
        from s3browser.exceptions import S3CredentialsError
        key, secret, url = sys.argv[1:]
        store = S3Service(S3Config("", "us-east-1", key, secret, endpoint_url=url, addressing_style="path"))
        for call in (store.check_credentials, store.list_buckets, lambda: store.head("bucket", "key")):
            try:
                call()
            except S3CredentialsError as error:
                print(error.code, error.reason)
    """)
    arguments = [radosgw_http.access_key_id, radosgw_http.secret_access_key, radosgw_http.endpoint_url]
    done = subprocess.run(
        [program("faketime", SETUP), "-f", offset, sys.executable, "-c", script, *arguments],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = done.stdout.splitlines()
    assert len(told) == 3
    for line in told:
        assert line.startswith("RequestTimeTooSkewed This computer’s clock is")
        assert words in line


# ---------------------------------------------------------------------- session tokens


def assume(ceph: Radosgw, other: Server, bucket: str, actions: list[str], duration_s: int = 3600) -> Server:
    """The server as a role sees it that may do only ``actions`` in ``bucket``; ``other`` assumes it."""
    uid = other.access_key_id.removesuffix("-key")
    role = f"role-{uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": [f"arn:aws:iam:::user/{uid}"]}, "Action": ["sts:AssumeRole"]}
    rights = {
        "Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }  # fmt: skip

    def document(statement: dict[str, Any]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))

    ceph.admin("role", "create", f"--role-name={role}", f"--assume-role-policy-doc={document(trust)}")
    ceph.admin("role-policy", "put", f"--role-name={role}", "--policy-name=rights", f"--policy-doc={document(rights)}")
    sts = boto3.session.Session().client(
        "sts",
        config=Config(parameter_validation=False),  # Amazon's shortest session is 15 minutes
        aws_access_key_id=other.access_key_id,
        aws_secret_access_key=other.secret_access_key,
        endpoint_url=ceph.sts.endpoint_url,
        region_name=REGION,
    )
    answer = sts.assume_role(RoleArn=f"arn:aws:iam:::role/{role}", RoleSessionName="test", DurationSeconds=duration_s)
    sts.close()
    keys = answer["Credentials"]
    return replace(
        ceph.sts,
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
    )


def test_temporary_keys_that_may_not_list_buckets(ceph: Radosgw, other: Server, owned: str) -> None:
    role = assume(ceph, other, owned, ["s3:GetObject", "s3:ListBucket"])
    store = S3Service(role.config(owned))
    with pytest.raises(S3AccessDeniedError) as caught:
        store.list_buckets()
    assert "s3:ListAllMyBuckets" in caught.value.message_for_it()
    store.check_credentials()  # the bucket of the connection answers
    assert [info.key for info in store.list_files(owned, "")] == ["folder/file.txt"]
    with pytest.raises(S3AccessDeniedError) as denied:
        put(store, owned, "new.txt")
    assert f"s3:PutObject on arn:aws:s3:::{owned}/new.txt" in denied.value.message_for_it()


def test_temporary_keys_that_were_cut_off(ceph: Radosgw, other: Server, owned: str) -> None:
    role = assume(ceph, other, owned, ["s3:GetObject", "s3:ListBucket"])
    assert role.session_token
    damaged = replace(role, session_token=role.session_token[:-20])
    with pytest.raises((S3CredentialsError, S3AccessDeniedError)) as caught:
        list(S3Service(damaged.config()).list_folder(owned, ""))
    assert role.session_token[:-20] not in caught.value.message_for_it()


def test_temporary_keys_that_have_run_out(ceph: Radosgw, other: Server, owned: str) -> None:
    role = assume(ceph, other, owned, ["s3:ListBucket"], duration_s=1)
    store = S3Service(role.config(owned))

    def work_until_refused() -> None:
        for _ in range(10_000):
            list(store.list_folder(owned, ""))

    with pytest.raises((S3CredentialsError, S3AccessDeniedError)) as caught:  # Ceph does not say which
        work_until_refused()
    assert role.session_token
    assert role.session_token not in caught.value.message_for_it()


# ---------------------------------------------------------------------- permissions


@pytest.mark.parametrize(
    ("call", "permission", "resource"),
    [
        pytest.param(lambda store, b: list(store.list_folder(b, "")), "s3:ListBucket", "", id="list_folder"),
        pytest.param(lambda store, b: list(store.list_files(b, "x")), "s3:ListBucket", "", id="list_files"),
        pytest.param(lambda store, b: store.head(b, "folder/file.txt"), "s3:GetObject", "/folder/file.txt", id="head"),
        pytest.param(
            lambda store, b: store.fetch(b, "folder/file.txt", bytes), "s3:GetObject", "/folder/file.txt", id="fetch"
        ),
        pytest.param(lambda store, b: put(store, b, "new"), "s3:PutObject", "/new", id="put"),
        pytest.param(lambda store, b: store.create_multipart(b, "new"), "s3:PutObject", "/new", id="create_multipart"),
        pytest.param(
            lambda store, b: store.delete(b, "folder/file.txt"), "s3:DeleteObject", "/folder/file.txt", id="delete"
        ),
    ],
)
def test_missing_permission_is_named(
    call: Callable[[ObjectStore, str], object], permission: str, resource: str, other: Server, owned: str
) -> None:
    with pytest.raises(S3AccessDeniedError) as caught:
        call(S3Service(other.config()), owned)
    error = caught.value
    assert (error.permission, error.resource) == (permission, f"arn:aws:s3:::{owned}{resource}")
    assert f"Please allow {permission} on arn:aws:s3:::{owned}{resource}." in error.message_for_it()
    assert error.request_id


def test_files_that_may_not_be_deleted_stay(ceph: Radosgw, other: Server, owned: str) -> None:
    allow(ceph, owned, "s3:ListBucket", "s3:GetObject")
    store = S3Service(other.config())
    with pytest.raises(S3AccessDeniedError) as caught:  # Ceph refuses the whole request, Amazon every key
        store.delete_many(owned, ["folder/file.txt"])
    assert f"s3:DeleteObject on arn:aws:s3:::{owned}/*" in caught.value.message_for_it()
    assert [info.key for info in store.list_files(owned, "")] == ["folder/file.txt"]


def test_reader_reads_and_may_not_write(ceph: Radosgw, other: Server, owned: str, tmp_path: Path) -> None:
    allow(ceph, owned, "s3:ListBucket", "s3:GetObject")
    client = S3Client(other.config(owned))
    assert [info.key for info in client.list_files()] == ["folder/file.txt"]
    assert client.download_file("folder/file.txt", tmp_path / "copy").read_bytes() == b"text"
    assert client.file_exists("folder/file.txt")
    assert not client.file_exists("folder/gone.txt")
    with pytest.raises(S3AccessDeniedError) as caught:
        client.upload_file(tmp_path / "copy", "folder/new.txt")
    assert caught.value.permission == "s3:PutObject"
    with pytest.raises(S3AccessDeniedError):
        client.delete_file("folder/file.txt")


def test_not_allowed_to_know_is_no_false_no(ceph: Radosgw, other: Server, owned: str) -> None:
    client = S3Client(other.config(owned))
    for key in ("folder/file.txt", "folder/gone.txt"):
        with pytest.raises(S3AccessDeniedError):
            client.file_exists(key)
    allow(ceph, owned, "s3:GetObject")
    assert client.file_exists("folder/file.txt")
    with pytest.raises(S3AccessDeniedError):  # without s3:ListBucket S3 does not say that there is none
        client.file_exists("folder/gone.txt")


def test_full_storage(ceph: Radosgw, other: Server, bucket: str) -> None:
    store = S3Service(other.config())
    store.create_bucket(bucket)
    put(store, bucket, "first")
    uid = other.access_key_id.removesuffix("-key")
    ceph.admin("quota", "set", "--quota-scope=user", f"--uid={uid}", "--max-objects=1")
    ceph.admin("quota", "enable", "--quota-scope=user", f"--uid={uid}")
    with pytest.raises(S3AccessDeniedError) as caught:
        put(store, bucket, "second")
    assert caught.value.code == "QuotaExceeded"
    assert caught.value.reason == "Your storage is full."


# ---------------------------------------------------------------------- buckets and versions


def test_bucket_of_somebody_else(other: Server, owned: str) -> None:
    store = S3Service(other.config(owned))
    with pytest.raises(S3BucketError) as caught:
        store.create_bucket(owned)
    assert caught.value.code == "BucketAlreadyExists"
    with pytest.raises(S3BucketError):
        store._ensure_bucket_exists(owned, create=True)


def test_bucket_is_made_where_asked_to(radosgw_http: Server, bucket: str) -> None:
    store = S3Service(radosgw_http.config(bucket))
    with pytest.raises(S3BucketError) as caught:
        store._ensure_bucket_exists()
    assert caught.value.code == "NoSuchBucket"
    store._ensure_bucket_exists(create=True)
    store._ensure_bucket_exists()
    assert bucket in [one.name for one in store.list_buckets()]


def test_deleted_file_of_a_bucket_with_versions_is_gone(radosgw_http: Server, owned: str, tmp_path: Path) -> None:
    plain = radosgw_http.boto3_client()
    plain.put_bucket_versioning(Bucket=owned, VersioningConfiguration={"Status": "Enabled"})
    store, client = S3Service(radosgw_http.config()), S3Client(radosgw_http.config(owned))
    put(store, owned, "file.txt", b"one")
    first = store.head(owned, "file.txt").version_id
    put(store, owned, "file.txt", b"two")
    assert first
    assert first != store.head(owned, "file.txt").version_id
    assert client.download_file("file.txt", tmp_path / "file").read_bytes() == b"two"
    client.delete_file("file.txt")
    assert not client.file_exists("file.txt")
    assert [info.key for info in client.list_files()] == ["folder/file.txt"]
    with pytest.raises(S3FileNotFoundError):
        client.download_file("file.txt", tmp_path / "file")
    assert plain.get_object(Bucket=owned, Key="file.txt", VersionId=first)["Body"].read() == b"one"


@pytest.mark.parametrize("key", ["x" * 1025, "folder/" + "ü" * 510])
def test_key_that_is_too_long_is_refused_before_or_by_the_server(radosgw_http: Server, owned: str, key: str) -> None:
    with pytest.raises(S3IntegrationError):
        put(S3Service(radosgw_http.config()), owned, key)

"""Which permission an administrator has to give for an API call to work.

Source: "Actions, resources, and condition keys for Amazon S3" in Amazon's service authorization reference.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Permission(NamedTuple):
    """An IAM action (``s3:PutObject``) and what it is needed on, as an ARN or ``*``."""

    action: str
    resource: str


_BUCKET = "arn:aws:s3:::{bucket}"
_OBJECT = "arn:aws:s3:::{bucket}/{key}"

_NEEDED: Mapping[str, Permission] = {
    "ListBuckets": Permission("s3:ListAllMyBuckets", "*"),
    "CreateBucket": Permission("s3:CreateBucket", _BUCKET),
    "HeadBucket": Permission("s3:ListBucket", _BUCKET),
    "ListObjects": Permission("s3:ListBucket", _BUCKET),
    "ListObjectsV2": Permission("s3:ListBucket", _BUCKET),
    "HeadObject": Permission("s3:GetObject", _OBJECT),
    "GetObject": Permission("s3:GetObject", _OBJECT),
    "PutObject": Permission("s3:PutObject", _OBJECT),
    "CreateMultipartUpload": Permission("s3:PutObject", _OBJECT),
    "UploadPart": Permission("s3:PutObject", _OBJECT),
    "CompleteMultipartUpload": Permission("s3:PutObject", _OBJECT),
    "AbortMultipartUpload": Permission("s3:AbortMultipartUpload", _OBJECT),
    "DeleteObject": Permission("s3:DeleteObject", _OBJECT),
    "DeleteObjects": Permission("s3:DeleteObject", "arn:aws:s3:::{bucket}/*"),
    # botocore's sign-in chain calls these by itself
    "AssumeRole": Permission("sts:AssumeRole", "*"),
    "AssumeRoleWithWebIdentity": Permission("sts:AssumeRoleWithWebIdentity", "*"),
    "GetRoleCredentials": Permission("sso:GetRoleCredentials", "*"),
}

# Amazon's newer refusals name it: "… is not authorized to perform: kms:Decrypt on resource: "arn:…" because …"
_NAMED = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: \"?([^\s\"]+))?")


def missing_permission(api: str, bucket: str, key: str, server_message: str) -> Permission | None:
    """The permission that ``api`` was refused for, or None where that is unknown.

    What the server names wins: it may be the permission of a KMS key, for instance.
    """
    known = _NEEDED.get(api)
    resource = known.resource.replace("{bucket}", bucket).replace("{key}", key) if known else "*"
    if named := _NAMED.search(server_message):
        return Permission(named[1], named[2] or resource)
    return Permission(known.action, resource) if known else None

"""Errors as text, to be kept and shown again after a restart."""

import json
from typing import Any

from s3browser import exceptions
from s3browser.exceptions import S3IntegrationError

_KEPT = ("operation", "target", "code", "status", "request_id", "reason", "hint", "server_message")
_MORE = ("permission", "resource")  # of a refusal


def error_text(error: Exception) -> str:
    """The error as JSON; of a fault of ours only its kind, since its text may hold anything."""
    if not isinstance(error, S3IntegrationError):
        return json.dumps({"fault": type(error).__name__})
    values = {name: getattr(error, name, None) for name in _KEPT + _MORE}
    return json.dumps({"class": type(error).__name__, **{name: value for name, value in values.items() if value}})


def error_from_text(text: str) -> S3IntegrationError:
    """The reverse of ``error_text``, with the words it had then; what cannot be read is an error without details."""
    try:
        values: dict[str, Any] = dict(json.loads(text))
        if fault := values.get("fault"):
            return S3IntegrationError("transfer", code=fault, reason="Something went wrong inside this program.")
        kind = getattr(exceptions, values.pop("class"))
        if issubclass(kind, S3IntegrationError):
            error: S3IntegrationError = kind(values.pop("operation"), **values)
            return error
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    return S3IntegrationError("transfer")

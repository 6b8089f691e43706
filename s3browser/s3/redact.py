import re

# Of signed links (both signature versions) and of headers, as they turn up in a server's text.
_SECRET = re.compile(
    r"(?i)((?:X-Amz-(?:Security-Token|Signature|Credential)|AWSAccessKeyId|Signature|Authorization)"
    r"[\"']?\s*[=:]\s*[\"']?)(?:AWS4-HMAC-SHA256[^\n<]*|AWS [^\s<]+|[^\s&\"'<,;]+)"
)


def redact(text: str) -> str:
    """``text`` without what could be used to sign in."""
    return _SECRET.sub(r"\1***", text)

"""Every test starts without the AWS settings and proxies of whoever runs it."""

import os

import pytest

pytest_plugins = ["tests.servers.fixtures"]

FOREIGN_PREFIXES = ("AWS_", "BOTO_", "S3_", "RCLONE_", "S5CMD_")
FOREIGN = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}


@pytest.fixture(scope="session")
def own_environment() -> dict[str, str]:
    """The environment of whoever runs the tests, as it was; only tests of real accounts look at it."""
    return dict(os.environ)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment(own_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> object:
    nowhere = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        for name in own_environment:
            if name.startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN:
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", str(nowhere / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield

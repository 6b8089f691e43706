"""Who may import whom, and what an import may cost."""

import subprocess
import sys
from pathlib import Path

import pytest

import s3browser

PACKAGE = Path(s3browser.__file__).parent
ROOT = PACKAGE.parent


def modules_loaded_by(code: str) -> set[str]:
    """The names of all modules that a fresh Python has loaded after this code."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    )


def modules_outside_the_window() -> list[str]:
    """Every module of the package but ui, and but the two that build the window."""
    files = (path.relative_to(ROOT).with_suffix("") for path in sorted(PACKAGE.rglob("*.py")))
    names = (".".join(path.parts).removesuffix(".__init__") for path in files)
    return [name for name in names if not name.startswith(("s3browser.ui", "s3browser.app", "s3browser.__main__"))]


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_library_costs_neither_boto3_nor_qt() -> None:
    assert not {"boto3", "botocore", "PySide6", "keyring"} & modules_loaded_by("import s3browser")


def test_the_errors_need_only_the_standard_library() -> None:
    loaded = {name.partition(".")[0] for name in modules_loaded_by("import s3browser.exceptions")}
    assert loaded - set(sys.stdlib_module_names) - {"__main__"} <= {"s3browser", "sitecustomize"} | editable_hooks()


def editable_hooks() -> set[str]:
    """What site-packages' .pth files load into every Python of this environment."""
    return {name.partition(".")[0] for name in modules_loaded_by("")} - set(sys.stdlib_module_names)


def test_everything_but_the_window_works_without_qt() -> None:
    names = modules_outside_the_window()
    assert len(names) > 10
    loaded = modules_loaded_by("\n".join(f"import {name}" for name in names))
    assert set(names) <= loaded
    assert not {name for name in loaded if name.startswith(("PySide6", "shiboken6", "s3browser.ui"))}


@pytest.mark.parametrize("name", s3browser.__all__)
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    value = getattr(s3browser, name)
    assert value.__name__ == name
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}("), "the docstring that a dataclass makes up says nothing"


def test_the_public_names_are_those_that_were_promised() -> None:
    promised = """
        S3Config S3Client S3Service S3FileInfo DocumentProcessor
        S3IntegrationError S3CredentialsError S3AccessDeniedError S3BucketError S3FileNotFoundError
        S3ConflictError S3ArchivedError S3ConnectionError S3BusyError S3UnsupportedError S3IntegrityError
        S3UploadError S3DownloadError
    """
    assert set(promised.split()) <= set(s3browser.__all__)
    assert sorted(s3browser.__all__) == s3browser.__all__ == dir(s3browser)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = s3browser.no_such_name

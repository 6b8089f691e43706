from s3browser.jobs.pace import Throttle
from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.s3.config import S3Config
from s3browser.s3.service import S3Service


def connect(profile: ConnectionProfile, secret: Secret | None, throttle: Throttle | None = None) -> S3Service:
    """The service of a saved connection. Cheap: nothing is asked of the server or the AWS files yet.

    Args:
        profile: the connection.
        secret: its keys, where it has any of its own.
        throttle: the program's bandwidth; None: without limits.
    """
    keys = secret if profile.sign_in is SignIn.KEYS else None
    return S3Service(
        S3Config(
            region=profile.region,
            access_key_id=keys.access_key_id if keys else None,
            secret_access_key=keys.secret_access_key if keys else None,
            session_token=keys.session_token if keys else None,
            profile=profile.aws_profile if profile.sign_in is SignIn.AWS_PROFILE else None,
            endpoint_url=profile.endpoint_url,
            addressing_style=profile.addressing_style,
            verify=profile.ca_file or True,
        ),
        throttle,
    )


def import_boto3() -> None:
    """Import what the first call would, ahead of time: it takes about as long as showing the whole window."""
    import boto3  # noqa: F401


def aws_profile_names() -> list[str]:
    """The names of the profiles in the AWS files of this computer; empty where there are none or they are damaged."""
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        return sorted(botocore.session.Session().available_profiles)
    except BotoCoreError:
        return []

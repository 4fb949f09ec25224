"""The archive in a bucket of S3 (moto stands in for it): what is written stays, and nothing is written twice."""

import os
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from conftest import free_port
from tools import from_pypi

from cnop_platform.audit.archive import AlreadyThere, ArchiveBroken, ArchiveUnavailable
from cnop_platform.audit.archive_places import BucketArchive, open_archive

MOTO = ("moto[s3,server]==5.2.5",)
BUCKET = "cnop-audit"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    port = free_port()
    argv = [from_pypi("moto_server", *MOTO), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{url}/moto-api/", trust_env=False)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def s3(endpoint: str) -> Any:
    client = Session().create_client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}
    client.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    return client


@pytest.fixture
def place(s3: Any, endpoint: str) -> BucketArchive:
    place = open_archive(f"s3://{BUCKET}/prod", endpoint=endpoint)
    assert isinstance(place, BucketArchive)
    return place


def test_what_was_added_is_there_and_stays(place: BucketArchive, s3: Any) -> None:
    names = [f"checkpoints/{number:012d}-{number:012d}.jsonl" for number in range(1, 4)]
    for name in reversed(names):
        place.add(name, name.encode())
    s3.put_object(Bucket=BUCKET, Key="elsewhere/other.jsonl", Body=b"")
    assert place.names() == names
    assert place.read(names[1]) == names[1].encode()
    with pytest.raises(AlreadyThere):
        place.add(names[1], b"another")
    assert place.read(names[1]) == names[1].encode()
    (version,) = s3.list_object_versions(Bucket=BUCKET, Prefix=f"prod/{names[1]}")["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])


@pytest.mark.parametrize("how", ["written over", "deleted"])
def test_an_object_that_hides_another_is_no_proof(s3: Any, endpoint: str, how: str) -> None:
    folder = f"s3://{BUCKET}/{how.replace(' ', '-')}"
    hidden = open_archive(folder, endpoint=endpoint)
    hidden.add("checkpoints/one.jsonl", b"first")
    key = f"{folder.rpartition('/')[2]}/checkpoints/one.jsonl"
    if how == "deleted":
        s3.delete_object(Bucket=BUCKET, Key=key)
    else:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"second")
    with pytest.raises(ArchiveBroken, match=how):
        hidden.names()


def test_what_is_not_there_or_not_reached_is_said_so(place: BucketArchive, endpoint: str) -> None:
    with pytest.raises(ArchiveUnavailable, match=f"s3://{BUCKET}"):
        place.read("checkpoints/none.jsonl")
    with pytest.raises(ArchiveUnavailable, match="s3://no-such-bucket"):
        open_archive("s3://no-such-bucket", endpoint=endpoint).names()

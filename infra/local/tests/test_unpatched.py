"""What the product relies on and the emulator does by itself: a new emulator must still do it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import REGION, Account

KEY = {"pk": {"S": "subject"}, "sk": {"S": "a"}}


def test_a_failed_condition_returns_the_item_it_met(account: Account) -> None:
    account.table()
    account.put("a", n={"N": "1"})
    dynamodb = account.client("dynamodb")
    wish = {"TableName": "items", "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    calls = (
        lambda: dynamodb.put_item(Item=KEY, **wish),
        lambda: dynamodb.update_item(Key=KEY, UpdateExpression="SET n = :n",
                                     ExpressionAttributeValues={":n": {"N": "2"}}, **wish),
        lambda: dynamodb.delete_item(Key=KEY, **wish),
    )
    for call in calls:
        with pytest.raises(ClientError, match="ConditionalCheckFailedException") as failure:
            call()
        assert failure.value.response["Item"] == {**KEY, "n": {"N": "1"}}


def test_a_cancelled_transaction_says_why(account: Account) -> None:
    account.table()
    account.put("a")
    put = {"TableName": "items", "ConditionExpression": "attribute_not_exists(pk)",
           "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    other = {**KEY, "sk": {"S": "b"}}
    with pytest.raises(ClientError, match="TransactionCanceledException") as failure:
        account.client("dynamodb").transact_write_items(
            TransactItems=[{"Put": {**put, "Item": item}} for item in (KEY, other)])
    first, second = failure.value.response["CancellationReasons"]
    assert (first["Code"], first["Item"], second["Code"]) == ("ConditionalCheckFailed", KEY, "None")


def test_an_index_holds_only_items_that_have_its_keys(account: Account) -> None:
    account.table(
        AttributeDefinitions=[{"AttributeName": "queue", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[{"IndexName": "by-queue", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
            {"AttributeName": "queue", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]}])
    for number in range(6):
        account.put(f"k{number}", **({"queue": {"S": "open"}, "more": {"S": "x"}} if number % 2 else {}))
    dynamodb = account.client("dynamodb")
    question = {"TableName": "items", "IndexName": "by-queue", "KeyConditionExpression": "queue = :q AND sk > :s",
                "ExpressionAttributeValues": {":q": {"S": "open"}, ":s": {"S": "k1"}}}
    assert [item["sk"]["S"] for item in dynamodb.query(**question)["Items"]] == ["k3", "k5"]
    assert set(dynamodb.query(**question)["Items"][0]) == {"pk", "sk", "queue"}
    first = dynamodb.query(**question, Limit=1)
    rest = dynamodb.query(**question, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [item["sk"]["S"] for item in first["Items"] + rest["Items"]] == ["k3", "k5"]
    dynamodb.update_item(TableName="items", Key={"pk": {"S": "subject"}, "sk": {"S": "k3"}}, UpdateExpression="REMOVE queue")
    assert [item["sk"]["S"] for item in dynamodb.query(**question)["Items"]] == ["k5"]
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.query(**question, ConsistentRead=True)


def test_the_segments_of_a_scan_make_up_the_table(account: Account) -> None:
    account.table(stream=False)
    dynamodb = account.client("dynamodb")
    for number in range(12):
        dynamodb.put_item(TableName="items", Item={"pk": {"S": f"subject-{number}"}, "sk": {"S": "a"}})
    seen = []
    for segment in range(3):
        pages = dynamodb.get_paginator("scan").paginate(
            TableName="items", Segment=segment, TotalSegments=3, PaginationConfig={"PageSize": 2})
        seen += [item["pk"]["S"] for page in pages for item in page["Items"]]
    assert sorted(seen) == sorted(f"subject-{number}" for number in range(12))


def test_versions_are_listed_and_deleted_for_good(account: Account) -> None:
    s3, bucket = account.client("s3"), f"versions-{account.id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="entry", Body=content)
    s3.delete_object(Bucket=bucket, Key="entry")
    found = s3.list_object_versions(Bucket=bucket)
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (2, 1)
    doomed = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found["Versions"] + found["DeleteMarkers"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    assert len(answer["Deleted"]) == 3 and "Errors" not in answer
    assert not {"Versions", "DeleteMarkers"} & set(s3.list_object_versions(Bucket=bucket))


def test_an_object_is_written_once(account: Account) -> None:
    s3, bucket = account.client("s3"), f"once-{account.id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="entry", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="entry", Body=b"2", IfNoneMatch="*")


def test_every_way_to_write_tells_the_stream(account: Account) -> None:
    stream, dynamodb = account.table(), account.client("dynamodb")
    other = {**KEY, "sk": {"S": "b"}}
    dynamodb.put_item(TableName="items", Item=KEY)
    dynamodb.update_item(TableName="items", Key=KEY, UpdateExpression="SET n = :n",
                         ExpressionAttributeValues={":n": {"N": "1"}})
    dynamodb.batch_write_item(RequestItems={"items": [{"PutRequest": {"Item": other}}, {"DeleteRequest": {"Key": KEY}}]})
    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": "items", "Item": KEY}}, {"Delete": {"TableName": "items", "Key": other}}])
    dynamodb.delete_item(TableName="items", Key=KEY)
    assert [(record["eventName"], record["dynamodb"]["Keys"]["sk"]["S"]) for record in account.stream(stream)] == [
        ("INSERT", "a"), ("MODIFY", "a"), ("INSERT", "b"), ("REMOVE", "a"),
        ("INSERT", "a"), ("REMOVE", "b"), ("REMOVE", "a")]


def test_a_transaction_is_done_once_per_token(account: Account) -> None:
    account.table(stream=False)
    dynamodb = account.client("dynamodb")
    count = [{"Update": {"TableName": "items", "Key": KEY, "UpdateExpression": "ADD n :one",
                         "ExpressionAttributeValues": {":one": {"N": "1"}}}}]
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=count, ClientRequestToken="once")
    assert dynamodb.get_item(TableName="items", Key=KEY)["Item"]["n"] == {"N": "1"}


def test_a_signature_can_be_verified_without_kms(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    made = kms.sign(KeyId=key, Message=b"head", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    public.verify(made, b"head", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(ClientError, match="KMSInvalidSignatureException"):
        kms.verify(KeyId=key, Message=b"other", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256", Signature=made)

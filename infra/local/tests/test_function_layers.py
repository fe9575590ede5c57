"""Gap ``function_layers``: layers at ``OPT_DIR`` and no host environment."""

from __future__ import annotations

import json

from support import Account, zip_of

HANDLER = """
def handle(event):
    root = os.environ.get("OPT_DIR")
    files = {}
    for folder, _, names in os.walk(root or "/nowhere"):
        for name in names:
            path = os.path.join(folder, name)
            files[os.path.relpath(path, root)] = open(path).read()
    return {"files": files, "environment": dict(os.environ)}
"""


def _invoke(account: Account, name: str) -> dict:
    return json.loads(account.client("lambda").invoke(FunctionName=name)["Payload"].read())


def _layer(account: Account, name: str, files: dict) -> str:
    answer = account.client("lambda").publish_layer_version(
        LayerName=name, Content={"ZipFile": zip_of(files, 0o644)}, CompatibleRuntimes=["provided.al2023"])
    return answer["LayerVersionArn"]


def test_layers_are_merged_and_the_last_one_wins(account: Account) -> None:
    base = _layer(account, "base", {"policy/rules.json": "1", "shared.txt": "base"})
    over = _layer(account, "over", {"shared.txt": "over"})
    account.function("layered", HANDLER, layers=[base, over])
    assert _invoke(account, "layered")["files"] == {"policy/rules.json": "1", "shared.txt": "over"}


def test_a_new_layer_version_reaches_the_function(account: Account) -> None:
    account.function("layered", HANDLER, layers=[_layer(account, "policy", {"rules": "1"})])
    assert _invoke(account, "layered")["files"] == {"rules": "1"}
    account.client("lambda").update_function_configuration(
        FunctionName="layered", Layers=[_layer(account, "policy", {"rules": "2"})])
    assert _invoke(account, "layered")["files"] == {"rules": "2"}


def test_the_environment_is_lambdas_not_the_hosts(account: Account) -> None:
    account.function("plain", HANDLER, STAGE="test")
    seen = _invoke(account, "plain")["environment"]
    assert "OPT_DIR" not in seen
    assert not {"HOST_SECRET", "AWS_PROFILE", "PYTHONPATH", "HOME", "USER", "GATEWAY_PORT"} & set(seen)
    assert seen["STAGE"] == "test"
    assert seen["AWS_REGION"] == "eu-west-1"
    assert seen["AWS_ENDPOINT_URL"] == account.emulator.url
    assert seen["AWS_ACCESS_KEY_ID"] == account.id
    assert seen["TZ"] == ":UTC"
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/plain"

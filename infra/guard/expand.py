"""Expands a SAM template to plain CloudFormation, offline.

usage: python infra/guard/expand.py template.yaml > expanded.json

What the linters and gates see is what CloudFormation will see: SAM adds roles, permissions and mappings that the
template doesn't show.
"""

import json
import logging
import os
import sys

# It complains about counters of its own.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
# The translator asks for a region and takes any; the result names none.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

ARTEFACTS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class Refused(Exception):
    """SAM can't read the template."""


def expand(text, policy="1"):
    """The template as CloudFormation gets it. Artefacts stand as if uploaded; `policy` names the layer's content."""
    document = yaml_parse(text)
    for name, resource in document.get("Resources", {}).items():
        key = ARTEFACTS.get(resource.get("Type"))
        if key and isinstance(resource["Properties"].get(key), str):
            content = f"{name}-{policy}" if key == "ContentUri" else name
            resource["Properties"][key] = f"s3://artefacts/{content}.zip"
    try:
        # The first argument maps names of managed policies to their ARNs. No role here may have one.
        return Translator({}, Parser()).translate(document, {})
    except InvalidDocumentException as refusal:
        raise Refused("; ".join(cause.message for cause in refusal.causes)) from refusal


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        try:
            json.dump(expand(file.read()), sys.stdout, indent=1, sort_keys=True)
        except Refused as refused:
            sys.exit(f"SAM refuses the template: {refused}")
    print()

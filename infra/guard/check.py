"""Checks the template: every gate, then cfn-lint on what SAM makes of it.

usage: python infra/guard/check.py template.yaml

Prints one line for each gate and ends with 1 when one fails.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from expand import Refused, expand
from gates import Contract, run, sentence


def lint(plain):
    """cfn-lint's findings on the expanded template, one a line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "expanded.json"
        path.write_text(json.dumps(plain, indent=1, sort_keys=True), "utf-8")
        tool = Path(sys.executable).with_name("cfn-lint")
        command = [str(tool) if tool.exists() else "cfn-lint", "--format", "parseable", "--regions", "eu-west-1", "--template", str(path)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode and not result.stdout.strip():
            return [result.stderr.strip()]
        return [line.replace(str(path), "expanded") for line in result.stdout.splitlines() if line.strip()]


def unmoved(text):
    """Functions whose alias stays where it is when only the policy layer changes."""

    def published(policy):
        return {n for n, r in expand(text, policy)["Resources"].items() if r["Type"] == "AWS::Lambda::Version"}

    return [f"{version} stays" for version in sorted(published("1") & published("2"))]


def main(template):
    try:
        text = Path(template).read_text("utf-8")
        plain = expand(text)
    except Refused as refused:
        print(f"FAIL SAM reads the template\n       {refused}")
        return 1
    failed = 0
    results = [(sentence(check), faults) for check, faults in run(plain, Contract())]
    results.append(("a new policy alone moves every alias", unmoved(text)))
    results.append(("cfn-lint finds nothing in the expanded template", lint(plain)))
    for name, faults in results:
        failed += bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {name}")
        for fault in faults:
            print(f"       {fault}")
    print(f"{len(results)} gates, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))

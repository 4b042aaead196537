"""cfn-lint and parliament over the template: no errors, and no findings about its roles' policies."""

import json
import re
import subprocess
import sys

import cfnlint.decode
import parliament


def plain(node, name=""):
    """The template as JSON, its intrinsic functions replaced by something of the right form."""
    if isinstance(node, dict):
        if len(node) == 1:
            [(key, value)] = node.items()
            if key == "Fn::Sub":
                return re.sub(r"\$\{[^}]*\}", fill, value if isinstance(value, str) else value[0])
            if key == "Fn::GetAtt":
                return "arn:aws:sqs:us-east-1:000000000000:queue"
            if key == "Ref":
                return "value"
        return {k: plain(v, k) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node


def fill(match):
    known = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "000000000000"}
    return known.get(match[0][2:-1], "pipeline")


def main(path):
    linted = subprocess.run([sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())", path, "--format", "parseable"], capture_output=True, text=True)
    problems = [line for line in (linted.stdout + linted.stderr).splitlines() if line.strip()]
    if linted.returncode:
        problems.append(f"cfn-lint ended with {linted.returncode}")
    template, matches = cfnlint.decode.decode(path)
    assert not matches, matches
    policies = 0
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        found = {"AWS::IAM::Role": properties.get("Policies", []), "AWS::IAM::Policy": [properties]}.get(resource["Type"], [])
        for policy in found:
            policies += 1
            analysed = parliament.analyze_policy_string(json.dumps(plain(policy["PolicyDocument"])))
            problems += [f"{logical_id}: {finding}" for finding in analysed.findings]
    assert policies, "the template has no role with a policy"
    print("\n".join(problems) or f"cfn-lint and parliament find nothing to say ({policies} policies)")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(sys.argv[1])

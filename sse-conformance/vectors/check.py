"""Checks that each line of the vectors has the form of schema.json, and that no name is there twice."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

here = pathlib.Path(__file__).parent
schema = json.loads((here / "schema.json").read_text(encoding="utf-8"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)

failed, names, count = False, set(), 0
for file in ("vectors.jsonl", "captures.jsonl"):
    for number, line in enumerate((here / file).read_text(encoding="utf-8").splitlines(), start=1):
        vector = json.loads(line)
        problems = [error.message for error in validator.iter_errors(vector)]
        if vector.get("name") in names:
            problems.append("the name is taken")
        names.add(vector.get("name"))
        count += 1
        for problem in problems:
            failed = True
            print(f"{file}:{number}: {problem}", file=sys.stderr)
print(f"{count} vectors")
sys.exit(failed)

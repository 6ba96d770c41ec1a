"""Checks the machine-readable evidence of every test report against the formats' own definitions.

SARIF: the JSON schema of 2.1.0, as Microsoft's npm package ships it. OSCAL: the models of compliance-trestle, which
are generated from NIST's schemas of 1.1.3; they let empty lists pass, which the schemas do not, so those are looked
for here. Usage: schemas.py FOLDER NODE_MODULES
"""

import json
import pathlib
import re
import sys

import jsonschema
from trestle.oscal.assessment_results import Model as Results
from trestle.oscal.component import Model as Component

SARIF = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
# Chapter 5.5 of RFC 9562 through OSCAL's `uuid` datatype.
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def main(folder: pathlib.Path, modules: pathlib.Path) -> None:
    schema = jsonschema.Draft4Validator(json.loads((modules / SARIF).read_text()))
    assert list(schema.iter_errors({"version": "2.1.0"})), "the schema refuses nothing"
    reports = sorted(path for path in folder.iterdir() if path.is_dir())
    assert reports, f"no reports in {folder}"
    for report in reports:
        # Tens of megabytes, of the same shape as the medium one.
        if report.name == "large":
            continue
        sarif = json.loads((report / "report.sarif").read_text())
        problems = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in schema.iter_errors(sarif)]
        assert not problems, f"{report.name}: {problems[:5]}"
        check_sarif(sarif)
        results = json.loads((report / "oscal-results.json").read_text())
        Results.parse_obj(results)
        check_results(results["assessment-results"])
        component = json.loads((report / "oscal-component.json").read_text())
        Component.parse_obj(component)
        for document in (results, component):
            check_lists(document)
            check_uuids(document)
        print(f"{report.name}: {len(sarif['runs'][0]['results'])} results in SARIF, "
              f"{len(results['assessment-results']['results'][0]['findings'])} findings in OSCAL")


def check_sarif(log: dict) -> None:
    """What the schema does not say but the text of the standard does."""
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            # 3.27.10: a level belongs to a failure alone.
            assert (result["kind"] == "fail") == (result["level"] != "none"), result
        fingerprints = [result["partialFingerprints"]["ruleAndSubject/v1"] for result in run["results"]]
        assert len(set(fingerprints)) == len(fingerprints)


def check_results(document: dict) -> None:
    """Every reference leads somewhere."""
    [result] = document["results"]
    observations = {item["uuid"] for item in result.get("observations", [])}
    risks = {item["uuid"] for item in result.get("risks", [])}
    items = {item["uuid"] for item in result["local-definitions"]["inventory-items"]}
    for finding in result["findings"]:
        assert {r["observation-uuid"] for r in finding.get("related-observations", [])} <= observations
        assert {r["risk-uuid"] for r in finding.get("related-risks", [])} <= risks
    for observation in result["observations"]:
        assert {s["subject-uuid"] for s in observation["subjects"]} <= items
    [resource] = document["back-matter"]["resources"]
    assert document["import-ap"]["href"] == "#" + resource["uuid"]


def check_lists(value: object) -> None:
    """OSCAL's schemas say `minItems: 1` of every list."""
    if isinstance(value, list):
        assert value, "an empty list"
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_lists(item)


def check_uuids(document: object) -> None:
    """What is defined is defined once."""
    seen: set[str] = set()

    def visit(value: object) -> None:
        if isinstance(value, dict):
            if "uuid" in value:
                assert UUID.fullmatch(value["uuid"]), value["uuid"]
                assert value["uuid"] not in seen, f"twice: {value['uuid']}"
                seen.add(value["uuid"])
            for item in value.values():
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(document)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

"""Checks raw answers against the published OpenAPI documents: exact keys, types, patterns, formats.

The SDKs forgive an absent key or a strange date; other clients of the same API do not.
"""

import functools
import json
import os
import pathlib
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

DEFAULT = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "twilio-oai"

# Deeper than any published schema; a cycle would otherwise never end.
MAX_DEPTH = 20

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def folder():
    """Where the documents lie; None when there are none."""
    path = pathlib.Path(os.environ.get("SWITCHWARD_OAI") or DEFAULT)
    return path if path.is_dir() else None


@functools.lru_cache(maxsize=None)
def document(name):
    """One document, for example `api_v2010`."""
    path = folder()
    if path is None:
        raise FileNotFoundError("no OpenAPI documents: set SWITCHWARD_OAI")
    return json.loads((path / f"twilio_{name}.json").read_text())


def problems(name, template, method, status, answer):
    """Everything in `answer` that the operation's schema for this status does not allow."""
    spec = document(name)
    operation = spec["paths"][template][method]
    response = operation["responses"].get(str(status))
    if response is None:
        expected = ", ".join(operation["responses"])
        return [f"status {status}, where the document has {expected}"]
    content = response.get("content")
    if not content:
        return [] if answer is None else ["a body, where the document has none"]
    found = []
    check(spec, content["application/json"]["schema"], answer, "$", 0, found)
    return found


def check(spec, schema, value, place, depth, found):
    """Adds what is wrong with `value` at `place` to `found`."""
    if depth > MAX_DEPTH:
        raise RecursionError(f"{place}: the schema is deeper than {MAX_DEPTH}")
    # `nullable` may stand beside a reference as well as in what it leads to; an enumeration behind a
    # reference is null in the documents' own examples although it does not say so.
    is_reference = "$ref" in schema
    nullable = schema.get("nullable", False)
    while "$ref" in schema:
        schema = resolve(spec, schema["$ref"])
        nullable = nullable or schema.get("nullable", False)
    if "oneOf" in schema:
        # Versions of one resource; what fits none is told by what the newest would have.
        versions = []
        for version in schema["oneOf"]:
            versions.append([])
            check(spec, version, value, place, depth + 1, versions[-1])
        found.extend(min(reversed(versions), key=bool))
        return
    if value is None:
        if not (nullable or is_reference or "type" not in schema):
            found.append(f"{place}: null")
        return
    kind = schema.get("type")
    if kind in TYPES:
        is_number_like_bool = isinstance(value, bool) and kind != "boolean"
        if not isinstance(value, TYPES[kind]) or is_number_like_bool:
            found.append(f"{place}: {type(value).__name__}, where the document has {kind}")
            return
    if kind == "string":
        # Older resources write an unset SID as an empty string; the documents' own examples do.
        if not (value == "" and nullable and "pattern" in schema):
            check_string(schema, value, place, found)
    elif kind == "array":
        for index, item in enumerate(value):
            check(spec, schema.get("items", {}), item, f"{place}[{index}]", depth + 1, found)
    elif "properties" in schema:
        check_keys(schema["properties"], value, place, found)
        # A part that could not be found out has its reason in `error_code` and nothing beside it; the
        # documents call only the reason nullable.
        has_failed = "error_code" in schema["properties"] and value.get("error_code") is not None
        for key in sorted(schema["properties"].keys() & value.keys()):
            if has_failed and value[key] is None:
                continue
            check(spec, schema["properties"][key], value[key], f"{place}.{key}", depth + 1, found)


def check_keys(properties, value, place, found):
    for key in sorted(properties.keys() - value.keys()):
        found.append(f"{place}: lacks `{key}`")
    for key in sorted(value.keys() - properties.keys()):
        found.append(f"{place}: has `{key}`, which the document does not")


def check_string(schema, value, place, found):
    """Says what is wrong without repeating the value: it may be protected."""
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: not one of the enumeration")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{place}: does not match {schema['pattern']}")
    is_valid = FORMATS.get(schema.get("format"))
    if is_valid is not None and not is_valid(value):
        found.append(f"{place}: is no {schema['format']}")


def is_rfc_2822(value):
    """`Thu, 24 Aug 2023 05:01:45 +0000`: the weekday is right and the zone is UTC."""
    if not re.fullmatch(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000", value):
        return False
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return False
    return moment.utcoffset() == timedelta(0) and moment.strftime("%a") == value[:3]


def is_iso_8601(value):
    """`2015-07-30T20:00:00Z`: whole seconds, because Python clients read nothing else."""
    return matches_date(value, "%Y-%m-%dT%H:%M:%SZ", "2015-07-30T20:00:00Z")


def is_date(value):
    return matches_date(value, "%Y-%m-%d", "2015-07-30")


def matches_date(value, form, example):
    if len(value) != len(example):
        return False
    try:
        datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def is_phone_number(value):
    # Masked numbers keep their shape with letters in place of digits.
    return re.fullmatch(r"\+[1-9][0-9X]{1,14}", value) is not None


FORMATS = {
    "date-time-rfc-2822": is_rfc_2822,
    "date-time": is_iso_8601,
    "date": is_date,
    "phone-number": is_phone_number,
    "currency": re.compile(r"[A-Za-z]{3}").fullmatch,
    "iso-country-code": re.compile(r"[A-Z]{2}").fullmatch,
    "http-method": {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}.__contains__,
}


def resolve(spec, reference):
    """What a reference inside the document (`#/components/...`) leads to."""
    node = spec
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node

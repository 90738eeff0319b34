#!/usr/bin/env python3
"""Texts sampled from JSON Schema grammars, checked by python's jsonschema.

    json_schemas.py check FILE   FILE is what TokenConstraintTests writes when
                                 RIPOSTE_JSON_SAMPLES=FILE: lines {"schema": …, "text": …}

Needs jsonschema (format checks need nothing more for the formats that are supported).
"""
import datetime
import json
import sys
import uuid
from collections import Counter

import jsonschema

checker = jsonschema.FormatChecker(formats=[])


@checker.checks("date", raises=ValueError)
def date(value):
    return bool(datetime.date.fromisoformat(value))


@checker.checks("date-time", raises=ValueError)
def date_time(value):
    return bool(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))


@checker.checks("uuid", raises=ValueError)
def is_uuid(value):
    return bool(uuid.UUID(value))


counts = Counter()
for number, line in enumerate(open(sys.argv[2], encoding="utf-8", newline="\n"), 1):
    item = json.loads(line)
    try:
        value = json.loads(item["text"])
        validator = jsonschema.Draft202012Validator(item["schema"], format_checker=checker)
        validator.validate(value)
        counts["valid"] += 1
    except (ValueError, jsonschema.ValidationError) as error:
        counts["invalid"] += 1
        print(f"line {number}: {item['text'][:300]!r}\n  {str(error)[:300]}")
print(dict(counts))
sys.exit(1 if counts["invalid"] or not counts["valid"] else 0)

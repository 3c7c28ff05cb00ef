"""What schemathesis cannot know: which refusals say that a request was not well-formed."""

import json

import schemathesis
from schemathesis.core.jsonschema import BUNDLE_STORAGE_KEY, make_validator

from cases import MALFORMED, TOLD_IN_WORDS


@schemathesis.check
def well_formed(ctx, response, case):
    """Whether what the schema allows is not refused for its form."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in (400, 413, 415, 422):
        return
    error = response.json().get("error", {})
    name = name_of(case.operation)
    # The type of the file, not of the request.
    is_file = (name, error.get("code")) == ("create_upload", "UNSUPPORTED_MEDIA_TYPE")
    if error.get("code") not in MALFORMED or is_file:
        return
    rows = error.get("details", {}).get("fields", [])
    if rows and all((name, row["field"]) in TOLD_IN_WORDS or is_told_in_words(case, row)
                    for row in rows):
        return
    if not fits_its_schema(case):
        return
    raise AssertionError(f"well-formed, but {error.get('code')}: {rows}")


def is_told_in_words(case, row):
    """Whether the schema only notes the rule: a text is freed of markup and controls before it is
    measured, and some are measured in bytes.
    """
    part = case.operation.get_body_for_media_type(case.media_type) if case.media_type else None
    schema = part.optimized_schema if part else case.operation.query.schema
    name = row["field"].split("/")[1]
    notes = properties_of(schema).get(name, {})
    if "x-bytes-max" in notes and isinstance(case.body, dict) and row["rule"] == "length":
        return len(str(case.body.get(name)).encode()) > notes["x-bytes-max"]
    return "x-text" in json.dumps(notes)


def properties_of(schema):
    """The properties of a schema, or of what it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = schema.get(BUNDLE_STORAGE_KEY, {}).get(name, {})
    return schema.get("properties", {})


def fits_its_schema(case):
    """Whether a body that was counted out as valid is so: it may fit no branch of a `oneOf`."""
    part = case.operation.get_body_for_media_type(case.media_type) if case.media_type else None
    if part is None or not isinstance(case.body, dict):
        return True
    kind = case.operation.schema.adapter.jsonschema_validator_cls
    return make_validator(part.optimized_schema, kind).is_valid(case.body)


def name_of(operation):
    """The name of the function behind an operation; an alias is served by the same one."""
    return operation.definition.raw["operationId"].removesuffix("_alias")

"""Holds documents against the schemas that own them; prints what is wrong, one a line, and ends with 1.

validate.py kubernetes VERSION < documents.yaml     every document, strictly; those of the Prometheus operator by its CRDs
validate.py compose < compose.yaml
"""

import glob
import json
import os
import sys

import jsonschema
import kubernetes_validate
import yaml

SCHEMAS = os.environ["TIDEMARK_LIVE_SCHEMAS"]


def custom_resources():
    for path in glob.glob(os.path.join(SCHEMAS, "*.yaml")):
        with open(path) as file:
            spec = yaml.safe_load(file)["spec"]
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            yield key, version["schema"]["openAPIV3Schema"]


def by_schema(document, schema):
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    for error in validator(schema).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def strictly(schema):
    """A CRD does not say that nothing else may be there; the API server drops it."""
    if isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" not in schema:
            if not schema.get("x-kubernetes-preserve-unknown-fields"):
                schema["additionalProperties"] = False
        for value in schema.values():
            strictly(value)
    return schema


def kubernetes(version):
    custom = dict(custom_resources())
    for document in yaml.safe_load_all(sys.stdin):
        schema = custom.get((document["apiVersion"], document["kind"]))
        if schema is not None:
            schema = strictly(schema)
            schema["properties"]["metadata"] = {"type": "object"}
            yield from (f"{document['kind']}: {error}" for error in by_schema(document, schema))
            continue
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{document['kind']}: {error.message}"


def compose():
    with open(os.path.join(SCHEMAS, "compose-spec.json")) as file:
        yield from by_schema(yaml.safe_load(sys.stdin), json.load(file))


found = list(kubernetes(sys.argv[2]) if sys.argv[1] == "kubernetes" else compose())
print("\n".join(found))
sys.exit(1 if found else 0)

"""Templates as CloudFormation reads them: parsed, expanded by AWS's own transform, resolved."""

import copy
import functools
import json
import logging
import os
import re
from pathlib import Path

import yaml

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
logging.disable(logging.WARNING)  # the transform misses its metrics service
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "pairly",
    "AWS::URLSuffix": "amazonaws.com",
}
OWN = "us-east-1:123456789012"
# A resource's attribute as AWS would answer it, by type.
ATTRIBUTES = {
    ("AWS::DynamoDB::Table", "StreamArn"): ("TableName", f"arn:aws:dynamodb:{OWN}:table/{{}}/stream/1"),
    ("AWS::IAM::Role", "Arn"): (None, "arn:aws:iam::123456789012:role/{}"),
    ("AWS::KMS::Key", "Arn"): (None, f"arn:aws:kms:{OWN}:key/{{}}"),
    ("AWS::Lambda::Function", "Arn"): ("FunctionName", f"arn:aws:lambda:{OWN}:function:{{}}"),
    ("AWS::Logs::LogGroup", "Arn"): ("LogGroupName", f"arn:aws:logs:{OWN}:log-group:{{}}:*"),
    ("AWS::S3::Bucket", "Arn"): ("BucketName", "arn:aws:s3:::{}"),
    ("AWS::SQS::Queue", "Arn"): ("QueueName", f"arn:aws:sqs:{OWN}:{{}}"),
    ("AWS::SQS::Queue", "QueueName"): ("QueueName", "{}"),
}
REFERENCES = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
}


class Loader(yaml.SafeLoader):
    """Knows the short forms of the functions of CloudFormation."""


def short_form(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if tag == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", short_form)


def read():
    """All files of the stack by path: templates, and what the APIs import, long forms only."""
    files = {}
    paths = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
    paths += sorted((ROOT / "infra/functions").glob("*.yaml"))
    paths += sorted((ROOT / "infra/gateway").glob("*.yaml"))
    for path in paths:
        name = str(path.relative_to(ROOT))
        if name == "infra/openapi.yaml":
            continue
        long_only = name.startswith("infra/gateway/")
        files[name] = yaml.load(path.read_text(), yaml.SafeLoader if long_only else Loader)
    return files


@functools.lru_cache(maxsize=200)
def expanded(text):
    template = json.loads(text)
    if "Transform" not in template:
        return template
    for resource in template["Resources"].values():
        # The transform wants what `sam deploy` puts there after the upload.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/" + resource["Properties"]["CodeUri"]
        if resource["Type"] == "AWS::Serverless::Application":
            resource["Properties"]["Location"] = "https://s3.amazonaws.com/bucket/template"
    return Translator({}, Parser()).translate(template, {})


class Stack:
    """One stack of the deployment, with the values that it was handed."""

    def __init__(self, files, path, values):
        self.files, self.path = files, path
        self.raw = files[path]
        self.template = expanded(json.dumps(self.raw))
        self.resources = self.template["Resources"]
        self.values = {**PSEUDO, **values}
        self.handed = set(values)
        self.nested = []
        for name, resource in self.raw["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Application":
                place = (Path(path).parent / resource["Properties"]["Location"]).as_posix()
                handed = self.resolve(resource["Properties"].get("Parameters", {}))
                self.nested.append(Stack(files, place, handed))

    def all(self):
        yield self
        for stack in self.nested:
            yield from stack.all()

    def of(self, kind):
        """Resources of a type, by logical id, with their values resolved."""
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, self.resolve(resource["Properties"])

    def resource(self, name, attribute):
        resource = self.resources[name]
        kind, properties = resource["Type"], resource.get("Properties", {})
        if attribute is None:
            part = REFERENCES.get(kind)
            return self.resolve(properties[part]) if part else f"{self.path}#{name}"
        if (kind, attribute) not in ATTRIBUTES:
            raise KeyError(f"{self.path}: {kind} has no known {attribute}")
        part, form = ATTRIBUTES[kind, attribute]
        return form.format(self.resolve(properties[part]) if part else f"{self.path}#{name}")

    def refer(self, name):
        if name in self.values:
            return self.values[name]
        if name in self.resources:
            return self.resource(name, None)
        raise KeyError(f"{self.path} refers to {name}, which it does not have")

    def condition(self, value):
        if isinstance(value, str):
            return self.condition(self.template["Conditions"][value])
        if "Condition" in value:
            return self.condition(value["Condition"])
        if "Fn::Not" in value:
            return not self.condition(value["Fn::Not"][0])
        left, right = (self.resolve(part) for part in value["Fn::Equals"])
        return str(left) == str(right)

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, inside), = value.items()
            if name == "Ref":
                return self.refer(inside)
            if name == "Fn::GetAtt":
                return self.resource(*inside)
            if name == "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda match: self.part(match[1]), inside)
            if name == "Fn::Join":
                return inside[0].join(self.resolve(inside[1]))
            if name == "Fn::If":
                return self.resolve(inside[1] if self.condition(inside[0]) else inside[2])
            if name == "Fn::Transform":
                return self.resolve(copy.deepcopy(self.files[inside["Parameters"]["Location"]]))
        resolved = {key: self.resolve(inside) for key, inside in value.items()}
        return {key: inside for key, inside in resolved.items() if inside is not None}

    def part(self, name):
        resource, _, attribute = name.partition(".")
        return str(self.resource(resource, attribute) if attribute else self.refer(name))


def deploy(files):
    """The root stack with the defaults of its parameters, as the guided deployment offers them."""
    values = {}
    for name, parameter in files["template.yaml"]["Parameters"].items():
        value = parameter.get("Default", "")
        lists = parameter["Type"] == "CommaDelimitedList"
        values[name] = value.split(",") if lists else value
    return Stack(files, "template.yaml", values)

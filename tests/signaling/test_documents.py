"""What is written about the protocol and the settings is what the code does."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from signaling_server import payloads
from signaling_server.errors import CODES
from signaling_server.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DEPLOY = ROOT / "signaling_server" / "deploy"
SPEC: dict[str, Any] = yaml.safe_load((DOCS / "signaling.asyncapi.yaml").read_text())
PAGE = (DOCS / "signaling.md").read_text()


def resolve(reference: dict[str, str]) -> Any:
    found: Any = SPEC
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolve(found) if isinstance(found, dict) and "$ref" in found else found


def references(value: Any) -> list[dict[str, str]]:
    if isinstance(value, dict):
        mine = [value] if isinstance(value.get("$ref"), str) else []
        return mine + [one for part in value.values() for one in references(part)]
    if isinstance(value, list):
        return [one for part in value for one in references(part)]
    return []


def test_every_reference_of_the_specification_leads_somewhere() -> None:
    assert SPEC["asyncapi"] == "3.0.0"
    for reference in references(SPEC):
        assert resolve(reference) is not None


def test_the_events_a_client_may_send_are_those_of_the_specification() -> None:
    received = {name for name, one in SPEC["operations"].items() if one["action"] == "receive"}
    assert received - {"connect"} == set(payloads.EVENTS)
    for operation in SPEC["operations"].values():
        if operation["action"] == "receive":
            assert operation["reply"]["messages"]


def test_the_events_the_server_sends_are_those_of_the_specification() -> None:
    sent = {
        SPEC["components"]["messages"][name].get("name", name)
        for name, one in SPEC["operations"].items()
        if one["action"] == "send"
    }
    said = {"signal"}
    for file in (ROOT / "signaling_server").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = node.func.attr in ("event", "tell") and node.args
                if named and isinstance(node.args[0], ast.Constant):
                    said.add(str(node.args[0].value))
    assert sent == said


CHECKED = (
    payloads.Auth,
    payloads.Resume,
    payloads.Join,
    payloads.Description,
    payloads.Candidate,
    payloads.Signal,
    payloads.Token,
    payloads.Nothing,
)


def test_the_schemas_are_those_the_server_checks() -> None:
    schemas = SPEC["components"]["schemas"]
    for kind in CHECKED:
        known = msgspec.json.schema_components([kind])[1][kind.__name__]
        written = schemas[kind.__name__]
        assert set(written.get("properties", {})) == set(known["properties"]), kind
        assert set(written.get("required", [])) == set(known["required"]), kind
        strict = known.get("additionalProperties", True)
        assert written.get("additionalProperties", True) == strict, kind
        for name, field in known["properties"].items():
            for bound in ("maxLength", "minLength", "minimum", "maximum", "enum"):
                said = _bound(written["properties"][name], bound)
                checked = _bound(field, bound)
                assert said == checked, (kind, name, bound)


def _bound(field: dict[str, Any], bound: str) -> Any:
    if "$ref" in field and field["$ref"].startswith("#/components/schemas/PeerId"):
        field = resolve(field)
    if bound in field:
        return sorted(field[bound]) if bound == "enum" else field[bound]
    for choice in field.get("anyOf", []):
        if bound in choice:
            return choice[bound]
    return None


def test_codes_are_the_same_in_the_code_the_page_and_the_specification() -> None:
    table = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
    assert table == set(CODES)
    assert SPEC["components"]["schemas"]["Code"]["enum"] == list(CODES)


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    known = {variable(field.name) for field in dataclasses.fields(Settings)}
    text = PAGE + "".join(file.read_text() for file in DEPLOY.iterdir())
    assert set(re.findall(r"SIGNALING_[A-Z_]+[A-Z]", text)) <= known
    rows = PAGE[PAGE.index("## Settings") : PAGE.index("## Running it")]
    missing = {name for name in known if f"`{name}`" not in rows}
    assert missing == set()


def test_the_deployment_files_parse_and_name_what_exists() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(compose["services"]) == {"signaling", "redis", "coturn"}
    dockerfile = DEPLOY / compose["services"]["signaling"]["build"]["dockerfile"].rpartition("/")[2]
    text = dockerfile.read_text()
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split()), copied
    pyproject = (ROOT / "pyproject.toml").read_text()
    extra = re.search(r"^signaling = \[\n(.+?)^\]", pyproject, re.MULTILINE | re.DOTALL)
    assert extra is not None
    wanted = set(re.findall(r'"([a-z-]+(?:\[\w+\])?)>=', extra[1]))
    installed = text[text.index("-c constraints.txt") :].split("\n\n")[0]
    assert wanted <= {word.strip("'") for word in installed.split()}
    unit = (DEPLOY / "mentorkit-signaling.service").read_text()
    assert "python -m signaling_server" in unit

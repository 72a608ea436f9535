"""Every command has a schema, and what it prints with `--json` is as the schema says."""

import json
import re

import jsonschema
import pytest

from cc_proxy.app.cli.json_data import DATA
from cc_proxy.app.cli.output import result
from cc_proxy.app.practice.model.models import DEFAULT_MODELS, PracticeModel
from cc_proxy.tests import contract
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server
from tools import commands, generate, manual

# How each command comes to print its data, in this order, without a model. Other tests have the
# rest printed, and all of it is held to the schemas by `Home.run`.
ASKED: dict[str, list[str]] = {
    "version": ["--version"],
    "config init": ["config", "init", "--model", "practice"],
    "config show": ["config", "show"],
    "config check": ["config", "check"],
    "config path": ["config", "path"],
    "config schema": ["config", "schema"],
    "schema": ["schema"],
    "config key": ["config", "key", "alice"],
    "completion": ["completion", "bash"],
    "start": ["start"],
    "status": ["status"],
    "reload": ["reload"],
    "restart": ["restart"],
    "logs": ["logs"],
    "top": ["top", "--once"],
    "ui": ["ui", "--no-open"],
    "capture start": ["capture", "start"],
    "capture status": ["capture", "status"],
    "capture stop": ["capture", "stop"],
    "usage": ["usage"],
    "statusline": ["statusline"],
    "models": ["models"],
    "models pull": ["models", "pull", "practice-more"],
    "models show": ["models", "show", "practice"],
    "models recommend": ["models", "recommend"],
    "models test": ["models", "test", "real"],
    "claude": ["claude", "--print-env"],
    "env": ["env", "--for", "vscode"],
    "doctor": ["doctor", "--no-model"],
    "stop": ["stop"],
    "service install": ["service", "install", "--print"],
    "service uninstall": ["service", "uninstall"],
    "service status": ["service", "status"],
}
NO_DATA = {"cc-proxy", "capture", "config", "service"}
# Dear, and held to its schema by the tests that it has.
ELSEWHERE = {"demo", "replay", "why"}


def test_every_command_has_a_type_and_a_schema() -> None:
    for name in [*commands.names(), "version"]:
        assert name in DATA, (
            f"There is no schema for `{name}`: give what it has in `data` a type in"
            " cc_proxy/app/cli/json_data/ and a line in DATA there, run `python -m"
            " tools.generate`, and say in ASKED of this test how to have it printed."
        )
    assert set(DATA) == {*commands.names(), "version"}, "a schema of a command that is gone"


def test_every_generated_file_is_as_the_code_has_it() -> None:
    stale = [str(path.relative_to(generate.ROOT)) for path in generate.stale()]
    assert not stale, f"run `python -m tools.generate`: {stale} are out of date"


def test_every_command_prints_what_its_schema_says(home: Home) -> None:
    assert ASKED.keys() | NO_DATA | ELSEWHERE == set(DATA), (
        "say in ASKED how to have the new one printed"
    )
    # The practice server's own models are not tested.
    models = (*DEFAULT_MODELS, PracticeModel("real"))
    with practice_server(models=models) as practice:
        for name, arguments in ASKED.items():
            ran = home.json(*arguments, OLLAMA_BASE_URL=practice.url)
            assert ran.envelope["command"] == name
            assert ran.envelope["data"], (name, ran.err)


@pytest.mark.parametrize("name", sorted(DATA))
def test_a_schema_is_valid_and_refuses_what_is_none_of_its_command(name: str) -> None:
    schema = contract.schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    envelope = {
        "version": 1,
        "command": name,
        "status": "error",
        "exit_code": 1,
        "data": {},
        "warnings": [],
        "errors": [{"code": "not_running", "message": "It is not.", "hint": None}],
    }
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid(envelope)
    assert not valid(envelope | {"command": "another"})
    assert not valid(envelope | {"status": "perhaps"})
    assert not valid(envelope | {"errors": [{"code": "Not A Code"}]})
    assert name in NO_DATA or name == "start" or not valid(envelope | {"status": "ok"})


def test_schema_prints_the_file_that_the_package_has(home: Home) -> None:
    of_all = json.loads(home.run("schema").out)
    of_one = json.loads(home.run("schema", "models", "pull").out)
    assert of_all["$id"] == "urn:cc-proxy:json:envelope"
    assert of_one["$id"] == "urn:cc-proxy:json:models-pull"
    ran = home.json("schema", "strat")
    assert (ran.code, ran.error["code"]) == (2, "no_schema")
    assert "'strat'" in ran.error["message"]


def test_a_field_that_no_schema_has_is_found() -> None:
    envelope = {
        "version": 1,
        "command": "stop",
        "status": "ok",
        "exit_code": 0,
        "data": {"was_running": False, "pid": None, "killed": False, "extra": 1},
        "warnings": [],
        "errors": [],
    }
    with pytest.raises(AssertionError, match="extra"):
        contract.check(["stop", "--json"], json.dumps(envelope) + "\n")


def test_every_exit_code_is_on_the_page_of_exit_codes() -> None:
    page = (generate.ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    named = {"OK", "FAILED", "USAGE", "NOT_RUNNING", "REFUSED", "NO_UPSTREAM", "INTERRUPTED"}
    assert told == {getattr(result, name) for name in named}
    assert told == {int(code) for code, _ in manual.EXIT_CODES}

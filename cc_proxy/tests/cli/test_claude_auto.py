"""`cc-proxy claude --auto`: only with a measured model, and with its figures."""

import os
from collections.abc import Iterator

import pytest

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.auto_tests import keep_auto_test
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

pytestmark = pytest.mark.posix_only("a script as Claude Code")
MAIN, JUDGE = PracticeModel("main"), PracticeModel("judge")
SCRIPT = (
    "#!/bin/sh\necho $CLAUDE_CODE_AUTO_MODE_SERVER $CLAUDE_CODE_AUTO_MODE_MODEL"
    ' "$@" | sed "s/--settings [^ ]*//"\n'
)


@pytest.fixture(autouse=True)
def ollama(home: Home) -> Iterator[None]:
    path = home.path / "bin" / "claude"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    path.chmod(0o755)
    home.environ["PATH"] = f"{path.parent}{os.pathsep}{home.environ['PATH']}"
    file = home.path / ".cc-proxy/cc-proxy.user.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("aliases: {default: main}\nrequest_classes: {auto_mode: judge}\n")
    with practice_server(models=[MAIN, JUDGE]) as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield


def test_a_model_that_was_never_measured_judges_nothing(home: Home) -> None:
    keep_auto_test(home, JUDGE, digest="another")
    ran = home.run("claude", "--auto")
    assert ran.code == 1
    assert "Expected a measurement of judge as the safety check of auto mode, found none" in ran.err
    assert "cc-proxy models test --auto judge" in ran.err


def test_a_measured_one_judges_and_is_said_to_be_as_good_as_it_was(home: Home) -> None:
    keep_auto_test(home, JUDGE)
    ran = home.run("claude", "--auto")
    assert ran.code == 0, ran.err
    assert ran.out.split()[:2] == ["0", "judge"]
    assert "--permission-mode auto" in ran.out
    assert (
        "Auto mode: judge decides which actions run without asking you; it was right about 11 of"
        " 12 harmless and 10 of 12 harmful actions in your test." in ran.err
    )


def test_without_the_flag_claude_code_asks_the_person(home: Home) -> None:
    keep_auto_test(home, JUDGE)
    ran = home.run("claude")
    assert "--permission-mode default" in ran.out
    assert "judge" not in ran.out + ran.err

"""Several models, and none configured: who says which one Claude Code gets."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server
from cc_proxy.tests.cli.verdicts import found_unfit, keep

if TYPE_CHECKING:
    import pexpect

posix = pytest.mark.posix_only("pseudo-terminals")
ONE = PracticeModel("one")
TWO = PracticeModel("two", context=32_768)
PLAIN = PracticeModel("plain", tools=False)
SCRIPT = "#!/bin/sh\necho model is $ANTHROPIC_MODEL.\n"


@pytest.fixture(autouse=True)
def claude(home: Home) -> None:
    path = home.path / "bin" / "claude"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    path.chmod(0o755)
    gpu = path.with_name("nvidia-smi")  # whatever the machine has
    gpu.write_text("#!/bin/sh\necho 17000\n")
    gpu.chmod(0o755)
    home.environ["PATH"] = f"{path.parent}{os.pathsep}{home.environ['PATH']}"


@pytest.fixture
def ollama(home: Home) -> Iterator[None]:
    with practice_server(models=[ONE, PLAIN, TWO]) as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield


def use_by_default(home: Home, name: str) -> None:
    file = home.path / ".cc-proxy/cc-proxy.user.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"aliases: {{default: {name}}}\n")


def on_a_terminal(home: Home, **variables: str) -> "pexpect.spawn[str]":
    import pexpect  # noqa: PLC0415 - not on Windows

    return pexpect.spawn(
        home.command[0],
        [*home.command[1:], "claude"],
        env={**home.environ, "TERM": "xterm", **variables},
        cwd=str(home.path),
        encoding="utf-8",
        timeout=300,
        dimensions=(40, 160),
    )


@posix
@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize(
    ("flags", "shown"), [([], "model is one:latest."), (["--print-env"], "one:latest")]
)
def test_without_a_terminal_one_is_taken_and_named(
    home: Home, flags: list[str], shown: str
) -> None:
    ran = home.run("claude", *flags)
    assert ran.code == 0
    assert "so Claude Code gets one:latest; there is also two:latest." in ran.err
    assert shown in ran.out
    home.run("stop")


@posix
@pytest.mark.usefixtures("ollama")
def test_one_that_is_named_or_configured_is_not_asked_for(home: Home) -> None:
    assert "model is two." in home.run("claude", "--model", "two").out
    (home.path / ".cc-proxy/cc-proxy.user.yaml").write_text("aliases: {default: one}\n")
    assert home.run("stop").code == 0
    assert "model is one." in home.run("claude").out


@posix
def test_one_able_model_needs_no_question(home: Home) -> None:
    with practice_server(models=[PLAIN, ONE]) as running:
        assert "model is one:latest." in home.run("claude", OLLAMA_BASE_URL=running.url).out


@posix
@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize("keeps", [True, False])
def test_on_a_terminal_the_person_chooses_and_says_whether_to_keep_it(
    home: Home, *, keeps: bool
) -> None:
    import pexpect  # noqa: PLC0415 - not on Windows

    file = home.path / ".cc-proxy/cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text("# mine\ncontext_window: 64k  # enough\n")
    child = on_a_terminal(home)
    child.expect("Which model is Claude Code to work with")
    child.expect(r" 1  one:latest +4\.9 GB +65,536 tokens\r\n")
    child.expect(r"    plain:latest +4\.9 GB +65,536 tokens   cannot use tools\r\n")
    child.expect(r" 2  two:latest +4\.9 GB +32,768 tokens\r\n")
    child.expect(r"Number.*\[1\]: ")
    child.sendline("2")
    child.expect(r"Use it from now on\? \[y/N\]: ")
    child.sendline("y" if keeps else "")
    child.expect(r"model is two:latest\.")
    child.expect(pexpect.EOF)
    child.close()
    kept = '# mine\ncontext_window: 64k  # enough\naliases:\n  default: "two:latest"\n'
    assert file.read_text() == (kept if keeps else "# mine\ncontext_window: 64k  # enough\n")


@posix
@pytest.mark.usefixtures("ollama")
def test_a_choice_that_is_kept_reaches_the_proxy_that_runs_already(home: Home) -> None:
    import pexpect  # noqa: PLC0415 - not on Windows

    pid = home.json("start").data["pid"]
    child = on_a_terminal(home)
    child.expect(r"Number.*\[1\]: ")
    child.sendline("2")
    child.expect(r"Use it from now on\? \[y/N\]: ")
    child.sendline("y")
    child.expect(r"model is two:latest\.")
    child.expect(pexpect.EOF)
    child.close()
    status = home.json("status")
    assert status.data["pid"] == pid
    assert status.data["config_path"] == str(home.path / ".cc-proxy/cc-proxy.user.yaml")
    assert "other_settings" not in status.warnings
    assert home.run("claude").out.count("model is two:latest.") == 1


@posix
def test_on_a_terminal_the_first_model_is_pulled_and_used(home: Home) -> None:
    import pexpect  # noqa: PLC0415 - not on Windows

    with practice_server(models=[PLAIN]) as running:
        child = on_a_terminal(home, OLLAMA_BASE_URL=running.url)
        child.expect("Ollama has no model that can use tools")
        child.expect(r"Pull \[qwen3:4b\]: ")
        child.sendline("qwen3:4b")
        child.expect(r"model is qwen3:4b\.")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0


@posix
def test_without_a_terminal_no_model_is_pulled(home: Home) -> None:
    with practice_server(models=[PLAIN]) as running:
        ran = home.run("claude", OLLAMA_BASE_URL=running.url)
    assert ran.code == 1
    assert "1 pulled, none that can use tools" in ran.err


@posix
@pytest.mark.usefixtures("ollama")
def test_an_unfit_model_is_not_taken_where_there_is_another(home: Home) -> None:
    found_unfit(home, ONE)
    ran = home.run("claude")
    assert "Claude Code gets two:latest; there is also one:latest (unfit in your test)." in ran.err
    assert "model is two:latest." in ran.out


@posix
@pytest.mark.usefixtures("ollama")
def test_a_test_of_an_older_version_does_not_hold(home: Home) -> None:
    found_unfit(home, ONE, digest="another")
    assert "Claude Code gets one:latest; there is also two:latest." in home.run("claude").err


@posix
def test_without_a_terminal_the_only_one_is_taken_and_said_to_be_unfit(home: Home) -> None:
    found_unfit(home, ONE)
    with practice_server(models=[PLAIN, ONE]) as running:
        ran = home.run("claude", OLLAMA_BASE_URL=running.url)
    assert "Claude Code gets one:latest (unfit in your test)." in ran.err
    assert "model is one:latest." in ran.out


@posix
@pytest.mark.usefixtures("ollama")
def test_the_question_marks_an_unfit_model_and_proposes_another(home: Home) -> None:
    found_unfit(home, ONE)
    child = on_a_terminal(home)
    child.expect(r" 1  one:latest +4\.9 GB +65,536 tokens   unfit in your test\r\n")
    child.expect(r" 2  two:latest +4\.9 GB +32,768 tokens\r\n")
    child.expect(r"Number.*\[2\]: ")
    child.close(force=True)


@posix
@pytest.mark.usefixtures("ollama")
def test_of_unfit_models_none_is_proposed(home: Home) -> None:
    found_unfit(home, ONE, TWO)
    child = on_a_terminal(home)
    child.expect(r"unfit in your test\r\nNumber: ")
    child.close(force=True)


@posix
@pytest.mark.parametrize(("answer", "shown"), [("y", "one:latest"), ("n", "qwen3:4b")])
def test_the_only_one_is_asked_for_if_it_is_unfit(home: Home, answer: str, shown: str) -> None:
    found_unfit(home, ONE)
    with practice_server(models=[ONE]) as running:
        child = on_a_terminal(home, OLLAMA_BASE_URL=running.url)
        child.expect("one:latest is the only model that can use tools, and it was unfit in your")
        child.expect(r"Use it all the same\? \[y/N\]: ")
        child.sendline(answer)
        if answer == "n":
            child.expect(r"Pull \[qwen3:4b\]: ")
            child.sendline(shown)
        child.expect(rf"model is {shown}\.")
        child.close(force=True)


@posix
@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize("default", ["one", "ONE:latest"])
def test_an_unfit_default_is_named_in_one_line_with_the_command_to_choose_another(
    home: Home, default: str
) -> None:
    found_unfit(home, ONE)
    use_by_default(home, default)
    ran = home.run("claude")
    assert "model is" in ran.out
    (line,) = [line for line in ran.err.splitlines() if "unfit in your test" in line]
    assert line == (
        f"Warning: {default} was unfit in your test (3 of 60 runs passed); to use another model:"
        " cc-proxy claude --model NAME (the names: cc-proxy models)"
    )
    shown = home.json("claude", "--print-env")
    assert "model_unfit" in shown.warnings


@posix
@pytest.mark.usefixtures("ollama")
def test_an_unfit_default_comes_with_the_model_that_passed(home: Home) -> None:
    found_unfit(home, ONE)
    keep(home, TWO, verdict="fit")
    use_by_default(home, "one")
    assert "use another model: cc-proxy claude --model two:latest\n" in home.run("claude").err


@posix
@pytest.mark.usefixtures("ollama")
def test_a_model_that_is_named_or_that_has_no_test_is_not_warned_about(home: Home) -> None:
    found_unfit(home, ONE)
    use_by_default(home, "two")
    assert "unfit" not in home.run("claude", "--model", "one").err
    assert "unfit" not in home.run("claude").err


@posix
@pytest.mark.usefixtures("ollama")
def test_a_default_with_a_newer_version_than_the_one_tested_is_not_warned_about(home: Home) -> None:
    found_unfit(home, ONE, digest="another")
    use_by_default(home, "one")
    assert "unfit" not in home.run("claude").err

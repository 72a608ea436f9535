import json
import signal

import pytest

from .conftest import Home


def test_logs_show_sources_folders_configuration_and_last_lines(home: Home) -> None:
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text("server: {auth_key: a-secret-of-mine}\nollama: {api_key: another-secret}\n")
    home.run("start")
    ran = home.run("logs")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert any(line.startswith("* ~/.cc-proxy/") and str(file) in line for line in lines)
    assert any("built-in defaults" in line and "present, not used" in line for line in lines)
    assert f"  Folder  {home.log_file.parent}" in lines
    assert f"  File    {home.log_file}" in lines
    assert "    #auth_key: ********" in lines
    assert "    #api_key: ********" in lines
    assert any(" listening " in line for line in lines)
    assert "secret" not in ran.out


def test_a_number_of_lines_is_what_is_shown_and_no_more(home: Home) -> None:
    home.run("start")
    ran = home.run("logs", "--lines", "1")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert home.json("logs", "--lines", "0").data["lines"] == []


def test_the_configuration_can_be_shown_alone(home: Home) -> None:
    home.run("start")
    ran = home.run("logs", "--config-only")
    assert "Active configuration" in ran.out
    assert " listening " not in ran.out
    assert home.run("logs", "--config-only", "--lines", "2").code == 2


def test_logs_before_the_first_start_say_when_there_will_be_some(home: Home) -> None:
    ran = home.json("logs")
    assert ran.code == 0
    assert ran.warnings == ["no_log"]
    assert ran.data["lines"] == []


def test_a_request_that_the_log_does_not_know_is_said(home: Home) -> None:
    home.run("start")
    ran = home.json("logs", "--request", "0123")
    assert (ran.code, ran.warnings, ran.data["lines"]) == (0, ["no_entries"], [])
    assert home.json("logs", "--since", "1h").warnings == []


def test_logs_are_shown_though_the_configuration_is_broken(home: Home) -> None:
    home.run("start")
    (home.path / ".cc-proxy" / "cc-proxy.user.yaml").write_text("sevrer: {}\n")
    ran = home.run("logs")
    assert ran.code == 2
    assert " listening " in ran.out
    assert "did you mean" in ran.err.lower() or "server" in ran.err


def test_logs_go_to_where_the_running_process_writes(home: Home) -> None:
    folder = str(home.path / "elsewhere")
    home.run("start", "--log-dir", folder)
    assert home.json("logs").data["log_dir"] == folder


def test_what_never_ends_is_not_one_object_and_that_is_said(home: Home) -> None:
    ran = home.run("logs", "--follow", "--json")
    assert ran.code == 2
    (error,) = json.loads(ran.out)["errors"]
    assert error["code"] == "usage_error"
    assert "Expected --follow or --json, found both" in error["message"]
    assert not home.run_dir.exists()


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_logs_can_begin_with_so_many_lines_and_go_on(home: Home) -> None:
    home.run("start")
    written = "".join(f"2026-11-22T18:00:0{n}.000Z INFO  entry {n}\n" for n in range(4))
    with home.log_file.open("a") as log:
        log.write(written)
    with home.popen("logs", "--tail", "--lines", "2") as process:
        assert process.stdout is not None
        shown = [process.stdout.readline() for _ in range(2)]
        home.run("stop")
        shown.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert [line.rpartition("INFO  ")[2][:8] for line in shown] == [
        "entry 2\n",
        "entry 3\n",
        "stopping",
    ]


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_logs_follow_until_ctrl_c(home: Home) -> None:
    home.run("start")
    with home.popen("logs", "--tail") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("  File"):
                break
        home.run("stop")
        for line in process.stdout:
            if " stopped " in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""

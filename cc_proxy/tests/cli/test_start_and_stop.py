import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from cc_proxy.app.daemon.process import identity

from .conftest import KILL, Home, Upstream, free_port


def get(port: int, target: str, key: str | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()


def is_alive(state: dict[str, object]) -> bool:
    return identity.is_alive(int(str(state["pid"])), str(state["process_start_time"]))


def test_start_returns_once_it_serves_and_says_where(home: Home) -> None:
    ran = home.run("start")
    assert ran.code == 0, ran.err
    state = home.state
    assert f"has started (pid {state['pid']})" in ran.out
    assert f"http://127.0.0.1:{state['port']}" in ran.out
    assert "built-in defaults" in ran.out
    key = (home.run_dir / "auth.key").read_text().strip()
    assert get(state["port"], "/health")[0] == 401
    status, body = get(state["port"], "/health?upstream=0", key)
    assert status == 200
    assert state["instance_id"].encode() in body


def test_ollama_that_is_not_there_is_a_warning(home: Home) -> None:
    ran = home.json("start")
    assert ran.code == 0
    assert [item["code"] for item in ran.envelope["warnings"]] == ["upstream_unreachable"]
    assert ran.data["upstream"]["reachable"] is False


@pytest.mark.posix_only("sessions of processes")
def test_the_process_is_detached_from_terminal_and_starter(home: Home) -> None:
    home.run("start")
    pid = home.state["pid"]
    assert os.getsid(pid) == pid
    if sys.platform != "linux":
        return
    assert str(Path(f"/proc/{pid}/cwd").readlink()) == "/"
    files = {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in (0, 1)}
    assert files == {"/dev/null"}
    assert str(Path(f"/proc/{pid}/fd/2").readlink()) == str(home.log_file)


@pytest.mark.posix_only("modes of files")
def test_every_file_is_for_the_user_alone(home: Home) -> None:
    home.run("start")
    found = {
        path.relative_to(home.path).as_posix(): path.stat().st_mode & 0o777
        for path in home.path.rglob("*")
    }
    assert found == {
        ".cc-proxy": 0o700,
        ".cc-proxy/run": 0o700,
        ".cc-proxy/logs": 0o700,
        ".cc-proxy/run/auth.key": 0o600,
        ".cc-proxy/run/cc-proxy.lock": 0o600,
        ".cc-proxy/run/cc-proxy.pid": 0o600,
        ".cc-proxy/run/cc-proxy.state.json": 0o600,
        ".cc-proxy/logs/cc-proxy.log": 0o600,
    }


@pytest.mark.posix_only("ps")
def test_the_key_is_in_no_argument_and_no_output(home: Home) -> None:
    ran = home.json("start", CC_PROXY_AUTH_KEY="a-secret-of-mine")
    shown = home.run("logs", CC_PROXY_AUTH_KEY="a-secret-of-mine")
    # -ww: at 80 columns nothing of what is looked for would be seen
    listed = subprocess.check_output(["/bin/ps", "-A", "-ww", "-o", "args"], text=True)
    assert f"cc_proxy.app.daemon.child --state-dir {home.run_dir}" in listed
    assert "a-secret-of-mine" not in listed
    assert "a-secret-of-mine" not in ran.out + ran.err + shown.out + shown.err
    assert "a-secret-of-mine" not in home.log_file.read_text() + home.state_file.read_text()
    assert not (home.run_dir / "auth.key").exists()


def test_a_second_start_is_a_success_with_the_same_pid(home: Home) -> None:
    first = home.json("start")
    second = home.json("start")
    assert first.data["already_running"] is False
    assert second.data["already_running"] is True
    assert second.data["pid"] == first.data["pid"]
    assert second.warnings == []


def test_a_second_start_that_asks_for_something_else_says_how_to_get_it(home: Home) -> None:
    home.run("start")
    ran = home.json("start", "--port", str(free_port()))
    assert ran.code == 0
    assert ran.warnings == ["other_address"]
    changed = home.json("start", OLLAMA_TIMEOUT_SECONDS="77")
    assert changed.warnings == ["other_settings"]


def test_twenty_starts_at_once_leave_one_process_and_twenty_successes(home: Home) -> None:
    processes = [home.popen("start", "--json") for _ in range(20)]
    outcomes = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0] * 20, outcomes
    pids = {f'"pid": {home.state["pid"]},' in out for out, _ in outcomes}
    assert pids == {True}
    assert sum('"already_running": false' in out for out, _ in outcomes) == 1
    assert home.log_file.read_text().count(" listening ") == 1


def test_stop_ends_it_and_leaves_no_state(home: Home) -> None:
    home.run("start")
    state = home.state
    ran = home.run("stop")
    assert ran.code == 0
    assert ran.out == f"cc-proxy (pid {state['pid']}) has stopped.\n"
    assert not is_alive(state)
    left = {path.name for path in home.run_dir.iterdir()}
    assert left == {"auth.key", "cc-proxy.lock", "token-counts.json"}


def test_stop_when_nothing_runs_is_a_success_and_makes_no_folder(home: Home) -> None:
    ran = home.run("stop")
    assert ran.code == 0
    assert ran.out == "cc-proxy is not running.\n"
    assert not (home.path / ".cc-proxy").exists()


def test_after_kill_9_start_cleans_up_and_starts(home: Home) -> None:
    home.run("start")
    before = home.state
    os.kill(before["pid"], KILL)
    status = home.json("status")
    assert status.code == 3
    assert status.warnings == ["stale_state"]
    ran = home.json("start")
    assert ran.code == 0
    assert ran.warnings == ["stale_state"]
    assert ran.data["pid"] != before["pid"]


def test_a_process_that_hangs_is_killed_after_the_timeout(home: Home) -> None:
    home.run("start")
    state = home.state
    home.run("stop")
    script = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print()"
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}; sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as hangs:
        assert hangs.stdout is not None
        hangs.stdout.readline()
        state |= {"pid": hangs.pid, "process_start_time": identity.start_time(hangs.pid)}
        home.state_file.write_text(json.dumps(state))
        ran = home.json("stop", "--timeout-seconds", "0.2")
        # On Windows it ends with the number of the signal.
        assert abs(hangs.wait(30)) == KILL
    assert ran.data == {"was_running": True, "pid": hangs.pid, "killed": True}
    assert not home.state_file.exists()


@pytest.mark.posix_only("processes that are suspended")
def test_a_process_that_is_suspended_is_said_to_be_and_stops_when_asked(home: Home) -> None:
    home.run("start")
    state = home.state
    os.kill(state["pid"], signal.SIGSTOP)
    for command in ("status", "start"):
        ran = home.json(command)
        assert (ran.code, ran.error["code"]) == (1, "not_answering")
        assert "is suspended" in ran.error["message"]
        assert f"kill -CONT {state['pid']}" in ran.error["hint"]
    stopped = home.json("stop")
    assert stopped.data == {"was_running": True, "pid": state["pid"], "killed": False}
    assert " stopped pid=" in home.log_file.read_text()


def test_restart_keeps_the_address_and_the_file(home: Home) -> None:
    file = home.path / "my config.yaml"
    file.write_text("ollama: {timeout: 60}\n")
    port = free_port()
    before = home.json("start", "--config", str(file), "--port", str(port)).data
    after = home.json("restart").data
    assert after["stopped_pid"] == before["pid"]
    assert after["pid"] != before["pid"]
    assert (after["port"], after["config_path"]) == (port, str(file))


def test_restart_applies_what_has_changed_in_the_file(home: Home) -> None:
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text("ollama: {timeout: 60}\n")
    before = home.json("start").data
    file.write_text("ollama: {timeout: 61}\n")
    assert home.json("status").warnings == ["other_settings"]
    after = home.json("restart").data
    assert after["config_digest"] != before["config_digest"]
    assert home.json("status").warnings == []


def test_restart_with_a_broken_file_stops_nothing(home: Home) -> None:
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    home.run("start")
    file.write_text("sevrer: {}\n")
    ran = home.json("restart")
    assert (ran.code, ran.error["code"]) == (2, "config_error")
    assert is_alive(home.state)
    status = home.json("status")
    assert (status.code, status.warnings) == (0, ["config_error"])
    assert home.json("stop").data["was_running"] is True


def test_restart_to_an_address_that_cannot_be_had_stops_nothing(home: Home) -> None:
    home.run("start")
    before = home.state
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = home.json("restart", "--port", str(taken.getsockname()[1]))
    assert (ran.code, ran.error["code"]) == (1, "port_in_use")
    chosen = {"CC_PROXY_AUTH_KEY": "chosen-key"}
    ran = home.json("restart", "--host", "192.0.2.1", "--port", str(before["port"]), **chosen)
    assert (ran.code, ran.error["code"]) == (1, "address_not_available")
    assert home.state == before
    assert is_alive(before)


def interrupted(process: "subprocess.Popen[str]") -> str:
    """Press Ctrl-C for a command with --json; return what its error says."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    (error,) = json.loads(out)["errors"]
    assert error["code"] == "interrupted"
    return str(error["message"])


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_a_restart_that_is_interrupted_says_that_nothing_runs(home: Home) -> None:
    home.run("start")
    before = home.state
    with home.popen("restart", "--json") as process:
        # The next one is its child; until there is one, it waits for the one before.
        children = ["/usr/bin/env", "pgrep", "-P", str(process.pid)]
        while subprocess.run(children, stdout=subprocess.DEVNULL, check=False).returncode:
            time.sleep(0.01)
        said = interrupted(process)
    assert f"The cc-proxy that ran (pid {before['pid']}) has stopped" in said
    assert home.run("status").code == 3


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_a_stop_that_is_interrupted_says_what_it_has_begun(home: Home, upstream: Upstream) -> None:
    home.run("start", OLLAMA_BASE_URL=upstream.url)
    state = home.state
    key = (home.run_dir / "auth.key").read_text().strip()
    question = {"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    connection = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=300)
    with closing(connection):
        connection.request("POST", "/v1/messages", json.dumps(question), {"x-api-key": key})
        assert upstream.asked.wait(30)
        with home.popen("stop", "--json", "--timeout-seconds", "50") as process:
            while " stopping by=SIGTERM" not in home.log_file.read_text():
                time.sleep(0.01)
            said = interrupted(process)
        assert f"cc-proxy (pid {state['pid']}) was asked to stop" in said
        upstream.released.set()
        assert b"the answer" in connection.getresponse().read()
    while is_alive(state):
        time.sleep(0.01)
    assert not home.state_file.exists()


def test_restart_starts_what_does_not_run(home: Home) -> None:
    ran = home.json("restart")
    assert ran.data["stopped_pid"] is None
    assert is_alive(home.state)


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_the_foreground_serves_until_ctrl_c(home: Home) -> None:
    with home.popen("start", "--foreground") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert " INFO  listening url=http://127.0.0.1:" in line
        assert home.json("status").data["pid"] == process.pid
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert not home.state_file.exists()
    assert " listening " in home.log_file.read_text()


def test_stop_reaches_a_foreground_process_too(home: Home) -> None:
    with home.popen("start", "--foreground") as process:
        assert process.stderr is not None
        process.stderr.readline()
        assert home.run("stop").code == 0
        assert process.wait(30) == 0


def test_a_foreground_start_does_not_serve_beside_one_that_runs(home: Home) -> None:
    first = home.json("start").data
    ran = home.json("start", "--foreground")
    assert ran.data["pid"] == first["pid"]
    assert ran.warnings == ["not_in_foreground"]


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_a_start_that_is_interrupted_leaves_nothing_behind(home: Home) -> None:
    with home.popen("start", "--json") as process:
        waiting = threading.Event()
        while not home.log_file.exists():  # made just before the background process
            assert not waiting.wait(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert '"interrupted"' in out
    assert "Traceback" not in err
    assert home.json("status").code == 3
    assert not home.state_file.exists()

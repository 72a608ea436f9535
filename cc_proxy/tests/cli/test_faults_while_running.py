"""What happens around a proxy that runs: for each, exit codes, words, and the state afterwards."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cc_proxy.app.daemon.process import identity

from .conftest import KILL, Home, Ran, Upstream, free_port
from .practice import practice_server

# A word, and then nothing for ever: see practice/play/steps.py.
HANGS = [{"text": "one two three four five.", "stall": True}]
OLLAMA = """
import asyncio, json
from cc_proxy.app.practice.server import PracticeServer
async def main():
    async with PracticeServer(script=%r) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("POST", "/v1/messages", sys.argv[2], {"x-api-key": sys.argv[3]})
response = connection.getresponse()
while line := response.readline():
    print(line.decode().strip(), flush=True)
"""


def is_alive(state: dict[str, object]) -> bool:
    return identity.is_alive(int(str(state["pid"])), str(state["process_start_time"]))


def wait_for_log(home: Home, words: str) -> None:
    waiting = threading.Event()
    while words not in home.log_file.read_text():
        assert not waiting.wait(0.02)


def key(home: Home) -> str:
    return (home.run_dir / "auth.key").read_text().strip()


def question(*, stream: bool) -> str:
    messages = [{"role": "user", "content": "hi"}]
    return json.dumps(
        {"model": "claude-x", "max_tokens": 50, "messages": messages, "stream": stream}
    )


def ask(home: Home, *, stream: bool = False) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", home.state["port"], timeout=300)
    with closing(connection):
        body = question(stream=stream)
        connection.request("POST", "/v1/messages", body, {"x-api-key": key(home)})
        response = connection.getresponse()
        return response.status, response.read().decode()


@contextmanager
def client(home: Home, until: str = "content_block_delta") -> Iterator["subprocess.Popen[str]"]:
    """A program that has read the first word of an answer that goes on, or another part of it."""
    words = [str(home.state["port"]), question(stream=True), key(home)]
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, *words], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                if until in line:
                    break
            yield program
        finally:
            program.kill()


def test_a_start_during_a_stop_waits_for_it_and_starts_anew(home: Home, upstream: Upstream) -> None:
    home.environ["OLLAMA_BASE_URL"] = upstream.url
    home.run("start")
    before = home.state
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, home)
        assert upstream.asked.wait(30)
        with home.popen("stop", "--json", "--timeout-seconds", "30") as stopping:
            wait_for_log(home, "stopping by=SIGTERM")
            started = pool.submit(home.json, "start")
            upstream.released.set()
            ran: Ran = started.result(60)
            assert stopping.wait(30) == 0
        assert answer.result(30)[0] == 200
    assert ran.data["already_running"] is False
    assert not is_alive(before)
    assert home.state["pid"] == ran.data["pid"] != before["pid"]


def test_commands_that_race_under_load_leave_one_proxy_or_none(home: Home) -> None:
    ended = threading.Event()
    answers: list[tuple[int, str]] = []

    def asks() -> None:
        while not ended.is_set():
            try:
                answers.append(ask(home, stream=True))
            except (OSError, http.client.HTTPException, ValueError):
                # It is stopped, or the port is another one by now.
                ended.wait(0.05)

    with practice_server() as practice, ThreadPoolExecutor() as pool:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        home.run("start", "--port", str(free_port()))
        load = [pool.submit(asks) for _ in range(4)]
        try:
            commands = ["reload", "stop", "start", "restart", "reload", "start"]
            racing = [(command, home.popen(command, "--json")) for command in commands]
            ran = [
                (command, *one.communicate(timeout=300), one.returncode) for command, one in racing
            ]
            home.json("start")
            asked = len(answers)
            while len(answers) < asked + 8:
                assert not ended.wait(0.02)
        finally:
            ended.set()
        for one in load:
            one.result(300)
        state = home.state
        assert is_alive(state)
        assert home.json("stop").data["pid"] == state["pid"]
    # A reload finds nothing that runs, or its proxy stops before it has answered.
    codes = [(command, code) for command, _, _, code in ran]
    assert {code for command, code in codes if command != "reload"} == {0}, ran
    assert {code for command, code in codes if command == "reload"} <= {0, 1, 3}, ran
    for status, text in answers:
        assert status >= 500 or "message_stop" in text or "event: error" in text, (status, text)
    assert not is_alive(state)
    assert not home.state_file.exists()
    assert "Traceback" not in home.log_file.read_text()


def test_an_answer_is_told_of_a_kill_by_its_end_and_the_next_start_cleans_up(home: Home) -> None:
    with practice_server(script=HANGS) as practice:
        home.run("start", OLLAMA_BASE_URL=practice.url)
        with client(home) as program:
            os.kill(home.state["pid"], KILL)
            assert program.stdout is not None
            assert "message_stop" not in program.stdout.read()
        practice.wait_for(lambda record: record.ended_by == "client closed")
    ran = home.json("start")
    assert (ran.code, ran.warnings) == (0, ["stale_state"])


def test_an_ollama_that_is_killed_is_an_error_event_and_then_an_error(home: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OLLAMA % HANGS], stdout=subprocess.PIPE, text=True
    ) as ollama:
        try:
            assert ollama.stdout is not None
            home.run("start", OLLAMA_BASE_URL=ollama.stdout.readline().strip())
            with client(home) as program:
                ollama.kill()
                assert program.stdout is not None
                rest = program.stdout.read()
                assert program.wait(30) == 0
        finally:
            ollama.kill()
    assert "event: error" in rest
    assert "The connection to Ollama" in rest
    status, body = ask(home)
    assert status == 503
    assert "Ollama does not answer at" in body
    shown = home.run("status")
    assert shown.code == 0
    assert "(not reachable)" in shown.out
    last = next(line for line in shown.out.splitlines() if line.startswith("Last error"))
    assert " req_" in last
    assert "Ollama does not answer at" in last
    request_id = last.split()[3]
    told = home.run("logs", "--request", request_id).out
    assert all(request_id in line for line in told.splitlines())
    assert "Ollama does not answer at" in told


def test_a_claude_that_is_killed_stops_the_model(home: Home) -> None:
    with practice_server(script=HANGS) as practice:
        home.run("start", OLLAMA_BASE_URL=practice.url)
        with client(home) as program:
            program.kill()
        practice.wait_for(lambda record: record.ended_by == "client closed")
        wait_for_log(home, "client closed the connection")
        status = home.json("status").data
        assert (status["requests_in_flight"], status["last_error"]) == (0, None)
        (loaded,) = status["loaded_models"]
        assert loaded["context_window"] > 0


def test_status_tells_of_a_request_that_waits_for_ollama(home: Home) -> None:
    with practice_server(script=HANGS, max_pending=0) as practice:
        file = home.path / "my.yaml"
        # The second one hears that it is alive while it waits.
        file.write_text("server: {hold: 1s}\n")
        home.run("--config", str(file), "start", OLLAMA_BASE_URL=practice.url)
        with client(home), client(home, until="message_start"):
            status = home.json("status").data
            assert (status["requests_in_flight"], status["queued"]) == (2, 1)
            assert (
                "2 in flight (1 waiting, 1 writing), 1 of them waiting for Ollama"
                in home.run("status").out
            )


def test_of_two_starts_on_one_port_one_wins_and_the_other_says_who_has_it(home: Home) -> None:
    port = str(free_port())
    folders = [("--state-dir", str(home.path / name)) for name in "ab"]
    processes = [home.popen("start", "--json", "--port", port, *flags) for flags in folders]
    outs = [process.communicate(timeout=300)[0] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1], outs
    (lost,) = (json.loads(out) for out in outs if '"status": "error"' in out)
    assert [item["code"] for item in lost["errors"]] == ["port_in_use"]
    states = [(home.path / name / "cc-proxy.state.json").exists() for name in "ab"]
    assert sorted(states) == [False, True]


def test_a_clock_that_was_set_back_changes_nothing(home: Home) -> None:
    home.run("start")
    home.state_file.write_text(json.dumps(home.state | {"started_at": "2099-01-01T00:00:00+00:00"}))
    home.log_file.write_text("2099-01-01T00:00:00.000Z INFO  from the future\n")
    status = home.json("status").data
    assert 0 <= status["uptime_seconds"] < 60
    assert home.json("start").data["already_running"] is True
    assert "from the future" in home.run("logs", "--since", "1m").out
    assert home.json("stop").data["was_running"] is True
    assert not home.state_file.exists()


@pytest.mark.posix_only("folders that can be removed while a file in them is open")
def test_folders_that_are_removed_while_it_runs_stop_no_answer(home: Home) -> None:
    home.run("start")
    state = home.state
    shutil.rmtree(home.log_file.parent)
    assert home.json("status").code == 0
    assert ask(home)[0] >= 500  # nobody plays Ollama, and the log has a line of it
    assert "Ollama does not answer" in home.log_file.read_text()
    shutil.rmtree(home.run_dir)
    assert home.json("status").error["code"] == "not_running"
    os.kill(state["pid"], signal.SIGTERM)
    wait_for_log(home, "stopped pid=")


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit(2)")
def test_a_full_disk_stops_no_answer_and_is_told_afterwards(home: Home) -> None:
    import resource  # noqa: PLC0415 - Windows has none

    home.run("start")
    pid = home.state["pid"]
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    size = home.log_file.stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    assert ask(home)[0] >= 500
    assert home.json("status").code == 0
    assert home.log_file.stat().st_size == size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    assert home.json("stop").data["killed"] is False
    assert " lines before the next one could not be written" in home.log_file.read_text()


@pytest.mark.posix_only("ulimit")
@pytest.mark.parametrize("flag", ["--state-dir", "--log-dir"])
def test_a_start_on_a_full_disk_names_the_file_and_leaves_nothing(home: Home, flag: str) -> None:
    folder = home.path / "full"
    folder.mkdir()
    with full_disk(folder) as limit:
        if flag == "--log-dir" and limit:
            return  # a limit cannot tell one folder from another
        home.command = [*limit, *home.command]
        ran = home.json("start", flag, str(folder))
        found = (ran.code, ran.error["code"]) if ran.code else (0, "")
        left = sorted(path.name for path in folder.iterdir() if path.suffix in {".key", ".json"})
    if flag == "--state-dir":
        assert found == (1, "folder_unusable"), ran.out
        assert flag in ran.error["hint"]
        assert left == []
    else:  # no answer needs a log
        assert found == (0, "")


@contextmanager
def full_disk(folder: Path) -> Iterator[list[str]]:
    """Let a folder have no room; what must stand before a command if only a limit can do it."""
    mount = [
        shutil.which("mount") or "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=4k,mode=700",
        "none",
        str(folder),
    ]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        yield ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
        return
    try:
        (folder / "filler").write_bytes(b"x" * 4096)
        yield []
    finally:
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


@pytest.mark.posix_only("ulimit")
def test_a_limit_on_file_sizes_is_named(home: Home) -> None:
    home.command = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *home.command]
    ran = home.json("start")
    assert (ran.code, ran.error["code"]) == (1, "folder_unusable")
    assert "a limit on the size of files" in ran.error["message"]
    assert {path.name for path in home.run_dir.iterdir()} <= {"cc-proxy.lock"}

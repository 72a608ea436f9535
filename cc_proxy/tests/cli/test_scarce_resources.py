"""Too few files or too little memory, and a kill at any point of a start: it goes on afterwards."""

import json
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from .conftest import Home
from .practice import practice_server
from .test_faults_while_running import ask, is_alive, key

FILES = 32


@pytest.mark.posix_only("ulimit")
def test_with_32_files_the_connections_that_are_too_many_wait_and_it_goes_on(home: Home) -> None:
    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        command = home.command
        home.command = ["/bin/sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", *command]
        home.run("start")
        home.command = command
        port = home.state["port"]
        with ExitStack() as stack:
            greeting = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            opened = []
            for _ in range(2 * FILES):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall(greeting)
                client.settimeout(300)
                opened.append(client)
            # Those that there were files for are answered, before and while the rest waits.
            assert b"cc-proxy is running" in opened[0].recv(1000)
        # With theirs closed there is room again, for a request and its connection to Ollama.
        assert ask(home)[0] == 200
        log = home.log_file.read_text()
        assert "Traceback" not in log
        # A line a minute, not one for each attempt.
        assert log.count("open files") <= 3
        assert home.json("stop").data["killed"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit(2)")
def test_a_request_that_there_is_no_memory_for_costs_no_other_one(home: Home) -> None:
    import resource  # noqa: PLC0415 - Windows has none

    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        home.run("start")
        assert ask(home)[0] == 200
        pid, port = home.state["pid"], home.state["port"]
        status = Path(f"/proc/{pid}/status").read_text()
        (kib,) = (int(line.split()[1]) for line in status.splitlines() if "VmSize" in line)
        before = resource.prlimit(pid, resource.RLIMIT_AS)
        resource.prlimit(pid, resource.RLIMIT_AS, (kib * 1024 + 24 * 2**20, before[1]))
        body = json.dumps({"model": "m", "max_tokens": 1, "messages": [], "x": "a" * 50 * 2**20})
        with socket.create_connection(("127.0.0.1", port)) as large:
            large.settimeout(300)
            head = (
                f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {key(home)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            sender = threading.Thread(target=_send, args=(large, head.encode() + body.encode()))
            sender.start()
            try:
                answer = large.recv(1000)
            except ConnectionError:
                answer = b""
            sender.join()
        # An answer that says so, or the end of the connection; and then the next one.
        assert answer == b"" or int(answer.split()[1]) >= 400
        assert ask(home)[0] == 200
        assert "Traceback" not in home.log_file.read_text()
        resource.prlimit(pid, resource.RLIMIT_AS, before)
        assert home.json("stop").data["killed"] is False


def _send(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        return  # it was refused before its end


@pytest.mark.posix_only("kill -9")
@pytest.mark.parametrize("point", ["cc-proxy.lock", "auth.key", "cc-proxy.state.json"])
def test_a_start_that_is_killed_at_any_point_leaves_nothing_in_the_way(
    home: Home, point: str
) -> None:
    waiting = threading.Event()
    with home.popen("start") as starting:
        while not (home.run_dir / point).exists() and starting.poll() is None:
            assert not waiting.wait(0.001)
        starting.kill()
        starting.communicate()
    ran = home.json("start")
    assert ran.code == 0, ran.out
    assert is_alive(home.state)
    assert home.json("stop").data["was_running"] is True
    assert not home.state_file.exists()

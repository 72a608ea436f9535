import http.client
import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest

from .conftest import Home, Upstream


def ask(home: Home) -> tuple[int, bytes]:
    body = {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
    key = (home.run_dir / "auth.key").read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", home.state["port"], timeout=300)
    with closing(connection):
        connection.request("POST", "/v1/messages", json.dumps(body), {"x-api-key": key})
        response = connection.getresponse()
        return response.status, response.read()


def wait_for_log(home: Home, words: str) -> None:
    waiting = threading.Event()
    while words not in home.log_file.read_text():
        assert not waiting.wait(0.02)


def test_an_answer_that_runs_is_finished_before_the_process_ends(
    home: Home, upstream: Upstream
) -> None:
    home.run("start", OLLAMA_BASE_URL=upstream.url)
    with ThreadPoolExecutor() as pool:
        answer: Future[tuple[int, bytes]] = pool.submit(ask, home)
        assert upstream.asked.wait(30)
        with home.popen("stop", "--timeout-seconds", "30") as stopping:
            wait_for_log(home, "stopping by=SIGTERM drain_seconds=30")
            assert stopping.poll() is None
            shown = home.json("status")
            assert (shown.code, shown.error["code"]) == (3, "stopping")
            assert "running answers have until" in shown.error["message"]
            upstream.released.set()
            status, body = answer.result(30)
            assert stopping.wait(30) == 0
    assert status == 200
    assert b"the answer" in body


def test_an_answer_that_takes_too_long_is_cut_off_without_a_kill(
    home: Home, upstream: Upstream
) -> None:
    home.run("start", OLLAMA_BASE_URL=upstream.url)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, home)
        assert upstream.asked.wait(30)
        ran = home.run("stop", "--timeout-seconds", "4")
        assert "Answers that still ran after 4 seconds were cut off." in ran.out
        assert "killed" not in ran.out
        status, body = answer.result(30)
    assert status == 529
    assert b"cc-proxy was stopped before the model had finished" in body
    log = home.log_file.read_text()
    assert "have been cut off" in log
    assert "Look at Ollama" not in log
    assert not home.state_file.exists()


@pytest.mark.posix_only("a Ctrl-C for one process")
def test_a_second_ctrl_c_does_not_wait_for_answers(home: Home, upstream: Upstream) -> None:
    with home.popen("start", "--foreground", OLLAMA_BASE_URL=upstream.url) as process:
        assert process.stderr is not None
        process.stderr.readline()
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(ask, home)
            assert upstream.asked.wait(30)
            process.send_signal(2)
            wait_for_log(home, "stopping by=SIGINT")
            process.send_signal(2)
            assert process.wait(30) == 130
            assert answer.exception(30) is not None
    assert not home.state_file.exists()

"""A machine on which another program has the default port."""

import json
import sys
from collections.abc import Iterator

import pytest

from cc_proxy.tests.placements.machines import Machine, World

LISTENS = (
    "import socket, time; s = socket.create_server(('127.0.0.1', 3456));"
    "print('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def machine(world: World) -> Iterator[Machine]:
    """A machine with Ollama."""
    made = world.machine("machine", "10.0.0.1")
    with made.popen("ollama", "serve") as ollama:
        assert ollama.stdout is not None
        ollama.stdout.readline()
        yield made
        ollama.kill()


def test_a_session_goes_through_another_port_and_the_person_is_told(machine: Machine) -> None:
    with machine.popen(sys.executable, "-c", LISTENS) as other:
        assert other.stdout is not None
        other.stdout.readline()
        code, said = machine.run("cc-proxy", "start")
        assert code == 1
        assert "Expected port 3456 on 127.0.0.1 to be free, found it in use by pid" in said
        assert "--port 3457, CC_PROXY_PORT or server.port in the configuration" in said
        code, said = machine.run("sh", "-c", "cc-proxy claude --print-env --json 2> words")
        assert code == 0, said
        found = json.loads(said)
        url = found["data"]["set"]["ANTHROPIC_BASE_URL"]
        assert url != "http://127.0.0.1:3456"
        assert "other_port" in [one["code"] for one in found["warnings"]]
        assert f"so cc-proxy listens on port {url.rpartition(':')[2]}" in said
        code, said = machine.run("cc-proxy", "restart")
        assert (code, url in said) == (0, True), said
        other.kill()


def test_a_port_that_the_person_has_named_is_not_changed(machine: Machine) -> None:
    with machine.popen(sys.executable, "-c", LISTENS) as other:
        assert other.stdout is not None
        other.stdout.readline()
        code, said = machine.run("cc-proxy", "claude", "--print-env", CC_PROXY_PORT="3456")
        assert code == 1
        assert "found it in use by pid" in said
        other.kill()


def test_the_cc_proxy_of_another_person_is_no_obstacle(machine: Machine) -> None:
    assert machine.shell("HOME=$HOME/other cc-proxy start")[0] == 0
    code, said = machine.run("cc-proxy", "start")
    assert (code, "a cc-proxy with another state folder" in said) == (1, True), said
    assert f"cc-proxy stop --state-dir {machine.home}/other/.cc-proxy/run" in said
    code, said = machine.run("cc-proxy", "claude", "--print-env")
    assert code == 0, said
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:3456" not in said
    assert machine.run("cc-proxy", "status")[0] == 0

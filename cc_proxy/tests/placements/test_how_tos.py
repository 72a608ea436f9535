"""Each page that leads somebody by the hand, run as it is written, with the real Claude Code.

The machines are namespaces with cables between them (machines.py). Docker is not run: the address
172.17.0.1 and the name host.docker.internal are what its Linux engine gives with `host-gateway`.
"""

import pytest

from cc_proxy.tests.placements.how_to import follow
from cc_proxy.tests.placements.machines import Machine, World

pytestmark = [pytest.mark.claude, pytest.mark.timeout(240)]

HOST, CONTAINER = "172.17.0.1", "172.17.0.2"


def test_everything_on_one_machine(world: World) -> None:
    host = world.machine("host", HOST)
    with follow("how-to/on-one-host", {"host": host}):
        assert not (host.home / ".cc-proxy/run/cc-proxy.pid").exists()


def host_and_container(world: World) -> tuple[Machine, Machine]:
    host = world.machine("host", HOST)
    container = world.machine("container", CONTAINER, {"host.docker.internal": HOST})
    world.cable(host, container)
    return host, container


def test_a_devcontainer_with_ollama_on_the_host(world: World) -> None:
    host, container = host_and_container(world)
    nameless = world.machine("a container without --add-host", "172.17.0.3")
    machines = {machine.name: machine for machine in (host, container, nameless)}
    with follow("how-to/devcontainer", machines):
        pass


def test_the_first_session(world: World) -> None:
    host = world.machine("host", HOST)
    host.environ["OLLAMA_MODELS"] = str(host.home)
    with follow("tutorial/first-session", {"host": host}):
        pass


def test_a_team_on_one_gpu(world: World) -> None:
    host = world.machine("host", HOST)
    colleague = world.machine("colleague", CONTAINER, {"gpu.example": HOST})
    world.cable(host, colleague)
    with follow("how-to/team", {"host": host, "colleague": colleague}):
        pass

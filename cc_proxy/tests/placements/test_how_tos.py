"""Each page that leads somebody by the hand, run as it is written, with the real Claude Code.

The machines are namespaces with cables between them (machines.py). Docker is not run: the address
172.17.0.1 and the name host.docker.internal are what its Linux engine gives with `host-gateway`.
"""

import json

import pytest

from cc_proxy.tests.docs.judges import PROGRAMS
from cc_proxy.tests.docs.shown import ROOT, commands
from cc_proxy.tests.placements.how_to import follow, ollama, session
from cc_proxy.tests.placements.machines import Machine, World

pytestmark = pytest.mark.claude

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


def pulled(host: Machine, *models: str) -> None:
    """Have Ollama on this machine begin with these models."""
    folder = host.home.with_name("models")
    folder.mkdir()
    for model in models:
        (folder / model).touch()
    host.environ["OLLAMA_MODELS"] = str(folder)


def test_the_first_session(world: World) -> None:
    host = world.machine("host", HOST)
    pulled(host)
    with follow("tutorial/first-session", {"host": host}):
        pass


def test_a_team_on_one_gpu(world: World) -> None:
    host = world.machine("host", HOST)
    colleague = world.machine("colleague", CONTAINER, {"gpu.example": HOST})
    world.cable(host, colleague)
    with follow("how-to/team", {"host": host, "colleague": colleague}):
        pass


def trusted(world: World) -> Machine:
    """Return a machine whose user has answered Claude Code's first questions."""
    host = world.machine("host", HOST)
    projects = {str(host.home): {"hasTrustDialogAccepted": True}}
    answered = {"hasCompletedOnboarding": True, "projects": projects}
    (host.home / ".claude.json").write_text(json.dumps(answered), encoding="utf-8")
    pulled(host, "qwen3:4b")
    return host


def test_the_first_lines_of_the_readme(world: World) -> None:
    host = world.machine("host", HOST)
    pulled(host, "qwen3-coder:30b")
    install, start, *_ = commands(ROOT / "README.md", set(PROGRAMS))
    assert install.words == ("pipx", "install", "cc-proxy")  # release/first_steps.py does it
    with ollama(host):
        session(host, " ".join(start.words), "Choose the text style")
        assert host.shell("cc-proxy stop")[0] == 0


def test_the_choice_of_a_model(world: World) -> None:
    host = world.machine("host", HOST)
    pulled(host)
    with ollama(host), follow("how-to/choose-a-model", {"host": host}):
        assert "fit, 60 of 60" in host.shell("cc-proxy models")[1]


def test_models_in_the_picker(world: World) -> None:
    host = trusted(world)
    with ollama(host), follow("how-to/models-in-the-picker", {"host": host}):
        pass


def test_what_happens(world: World) -> None:
    host = trusted(world)
    with ollama(host):
        # The page watches a proxy that runs.
        assert host.shell("cc-proxy start")[0] == 0
        with follow("how-to/see-what-happens", {"host": host}):
            pass


def test_without_auto_mode(world: World) -> None:
    host = trusted(world)
    with ollama(host), follow("how-to/auto-mode", {"host": host}):
        pass


def test_a_service(world: World) -> None:
    host = world.machine("host", HOST)
    with ollama(host), follow("how-to/run-as-a-service", {"host": host}):
        assert not (host.home / ".cc-proxy/run/cc-proxy.pid").exists()

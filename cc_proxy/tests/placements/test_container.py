"""Claude Code and cc-proxy in one container, Ollama in another, as container/ declares them.

No engine runs here: container.py gives the declared user, folders, read-only root, environment,
secrets and first process to this checkout's cc-proxy, in namespaces. The steps that build the
image are linted (test_container_files.py), not run.
"""

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.placements.container import container, image
from cc_proxy.tests.placements.how_to import blocks, compare
from cc_proxy.tests.placements.machines import Machine, World

OLLAMA, CLAUDE = "172.18.0.2", "172.18.0.3"
KEY = "a-key-that-was-chosen"
LISTENS = "listening url="

# One pair of machines for all of them.
pytestmark = pytest.mark.xdist_group("placement of containers")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), programs) as made:
        yield made


@pytest.fixture(scope="module")
def ollama(world: World) -> Iterator[Machine]:
    machine = world.machine("ollama", OLLAMA)
    with machine.popen("ollama", "serve", OLLAMA_HOST="0.0.0.0:11434") as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield machine
        process.kill()


@pytest.fixture(scope="module")
def claude(world: World, ollama: Machine) -> Machine:
    machine = world.machine("claude", CLAUDE, {"ollama": OLLAMA})
    world.cable(ollama, machine)
    return machine


def test_it_serves_as_a_plain_user_on_a_read_only_root(claude: Machine) -> None:
    with container(claude) as running:
        running.read_until(LISTENS)
        data = running.exec("cc-proxy", "status", "--json").data
        assert data["pid"] == 1
        assert data["upstream"]["reachable"] is True
        assert running.exec("id", "-u").out == "1000\n"
        privileges = running.exec("grep", "-E", "CapEff|NoNewPrivs", "/proc/1/status").out.split()
        assert privileges == ["CapEff:", "0" * 16, "NoNewPrivs:", "1"]
        for place in ("/x", "/etc/x", "/usr/x"):
            assert "Read-only file system" in running.exec("touch", place).err
        open_to_others = running.exec("find", "/run/cc-proxy", "-type", "f", "-perm", "/077")
        assert (open_to_others.code, open_to_others.out) == (0, "")


def test_the_health_check_tells_and_shows_no_key(claude: Machine) -> None:
    check = image().health
    with container(claude) as running:
        running.read_until(LISTENS)
        healthy = running.exec(*check)
        key = running.exec("cat", "/run/cc-proxy/auth.key").out.strip()
        assert healthy.code == 0
        assert len(key) > 8
        assert key not in healthy.out + healthy.err + running.out
        os.kill(running.first, signal.SIGSTOP)
        assert running.exec(*check).code == 1
        os.kill(running.first, signal.SIGCONT)


def test_another_container_gets_in_with_the_key_of_the_secret_and_not_without(
    claude: Machine, ollama: Machine, tmp_path: Path
) -> None:
    secret = tmp_path / "cc-proxy.key"
    secret.write_text(KEY + "\n", encoding="ascii")
    secret.chmod(0o600)
    binds = {"/run/secrets/cc_proxy_key": secret}
    with container(claude, "compose.yaml", "compose.shared.yaml", binds=binds) as running:
        running.read_until(LISTENS)
        assert running.exec(*image().health).code == 0
        assert asked(ollama, "wrong-key") == "401"
        assert asked(ollama, KEY) == "200"
        assert KEY not in running.out
        assert KEY not in running.exec("cat", "/proc/1/cmdline", "/proc/1/environ").out
        assert running.exec("test", "-e", "/run/cc-proxy/auth.key").code == 1


def asked(machine: Machine, key: str) -> str:
    """Return the status of a question from another container."""
    script = (
        "import http.client, sys; c = http.client.HTTPConnection(sys.argv[1], 3456, timeout=300);"
        "c.request('GET', '/v1/models', headers={'x-api-key': sys.argv[2]});"
        "print(c.getresponse().status)"
    )
    code, said = machine.run("python3", "-c", script, CLAUDE, key)
    assert code == 0, said
    return said.strip()


@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_container_is_not_stopped_by_its_own_old_pid(
    claude: Machine, tmp_path: Path, ends: signal.Signals
) -> None:
    # A state folder that outlives the container, as a volume does.
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o700)
    binds = {"/run/cc-proxy": kept}
    with container(claude, binds=binds) as running:
        running.read_until(LISTENS)
        running.signal(ends)
    assert (kept / "cc-proxy.state.json").exists() is (ends is signal.SIGKILL)
    with container(claude, binds=binds) as again:
        again.read_until(LISTENS)
        cleaned = "that pid is this process's own now, as after a restart of a container"
        assert (cleaned in again.out) is (ends is signal.SIGKILL)
        assert again.exec("cc-proxy", "status", "--json").data["pid"] == 1
        again.exec("cc-proxy", "stop")  # ends with the container, as everything in it does
        assert again.process.wait(30) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_first_process_hears_signals(claude: Machine, number: int, code: int) -> None:
    with container(claude) as running:
        running.read_until(LISTENS)
        assert running.signal(number) == code


def test_the_first_process_reaps_orphans(claude: Machine) -> None:
    """What `docker exec` leaves behind becomes a child of the first process."""
    with container(claude) as running:
        running.read_until(LISTENS)
        # The orphan lives until its parent, the shell, is gone.
        orphan = "(while kill -0 $$ 2> /dev/null; do sleep 0.05; done) & echo $!"
        pid = running.exec("sh", "-c", orphan).out.strip()
        gone = f"while [ -e /proc/{pid} ]; do sleep 0.05; done"
        assert pid.isdecimal()
        assert running.exec("timeout", "20", "sh", "-c", gone).code == 0


@pytest.mark.claude
def test_the_how_to_is_true(claude: Machine) -> None:
    in_container = "docker compose exec claude "
    with container(claude) as running:
        running.read_until(LISTENS)
        (block,) = blocks("how-to/containers")
        for command in block.commands:
            assert command.line.startswith(in_container)
            ran = running.exec(*shlex.split(command.line.removeprefix(in_container)))
            assert ran.code == 0, ran
            compare(command, ran.err + ran.out)

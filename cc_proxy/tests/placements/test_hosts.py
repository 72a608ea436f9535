"""Three machines with Ollama and one with cc-proxy: the how-to, then one is killed, one drained."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.tests.placements.how_to import ROOT, follow
from cc_proxy.tests.placements.machines import Machine, World

pytestmark = pytest.mark.claude

PAGE = "how-to/three-ollama-hosts"
GPUS = {f"gpu{number}": f"172.17.0.{number + 1}" for number in (1, 2, 3)}
SLOW = '[practice: [[{"text": "begun "}, {"sleep": 4}, {"text": "and done"}]]]'
AT_ONCE = '[practice: [{"text": "done"}]]'
CLIENT = Path(__file__).with_name("asking_sessions.py")


@contextmanager
def serving(gpu: Machine) -> Iterator[str]:
    """Have Ollama serve; give the id that its process has on its machine."""
    line = "echo $$; OLLAMA_HOST=0.0.0.0 exec ollama serve"
    with gpu.popen("sh", "-c", line) as process:
        assert process.stdout is not None
        pid = process.stdout.readline().strip()
        assert "Listening" in process.stdout.readline()
        try:
            yield pid
        finally:
            gpu.shell(f"kill -9 {pid}")


class Desk:
    """The machine with cc-proxy, and where the requests of each session went."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.went: dict[str, list[str]] = {}
        self._config = machine.home / ".cc-proxy/cc-proxy.user.yaml"
        self._config.parent.mkdir()

    def configure(self, drain: str = "") -> None:
        """Write what the page shows, and a host to drain."""
        page = (ROOT / f"docs/{PAGE}.md").read_text(encoding="utf-8")
        shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
        drained = f"    drain: [http://{drain}:11434]\n" if drain else ""
        self._config.write_text(shown + drained, encoding="utf-8")

    def reload(self, drain: str = "") -> None:
        self.configure(drain)
        code, out = self.machine.shell("cc-proxy reload")
        assert code == 0, out

    def asked(self, prompt: str, *sessions: str) -> Iterator[dict[str, Any]]:
        """Ask in several sessions at once; yield what comes, until all have an answer."""
        key = (self.machine.home / ".cc-proxy/run/auth.key").read_text(encoding="utf-8")
        command = (sys.executable, str(CLIENT), "http://127.0.0.1:3456", key.strip(), prompt)
        with self.machine.popen(*command, *sessions) as process:
            assert process.stdout is not None
            for line in process.stdout:
                told = json.loads(line)
                yield told
                if "request" in told:
                    self.went.setdefault(told["session"], []).append(self._host(told["request"]))

    def answers(self, prompt: str, *sessions: str) -> list[tuple[str, int]]:
        """Return the text and the number of tries of each session, in no order."""
        told = [one for one in self.asked(prompt, *sessions) if "text" in one]
        return [(one["text"], one["tries"]) for one in told]

    def _host(self, request: str) -> str:
        log = (self.machine.home / ".cc-proxy/logs/cc-proxy.log").read_text(encoding="utf-8")
        # The line is written after the last event.
        found = re.search(rf"{request} ok .* host=(\w+)", log)
        return found[1] if found else self._host(request)


def test_three_hosts_of_which_one_is_killed_and_one_drained(world: World, tmp_path: Path) -> None:
    desk = Desk(world.machine("desk", "172.17.0.1", GPUS))
    gpus = {name: world.machine(name, address) for name, address in GPUS.items()}
    models = tmp_path / "models"
    models.mkdir()
    (models / "qwen3-coder:30b").touch()
    for gpu in gpus.values():
        world.cable(desk.machine, gpu)
        gpu.environ["OLLAMA_MODELS"] = str(models)
    desk.configure()
    with ExitStack() as stack:
        stack.enter_context(serving(gpus["gpu2"]))
        pid = stack.enter_context(serving(gpus["gpu3"]))
        stack.enter_context(follow(PAGE, {"desk": desk.machine, "gpu1": gpus["gpu1"]}))
        desk.reload()
        begun = {"s1", "s2", "s3"}
        texts = []
        for told in desk.asked(SLOW, *begun):
            if "begun" in told and begun:
                begun.discard(told["session"])
                if not begun:
                    gpus["gpu3"].shell(f"kill -9 {pid}")
            if "text" in told:
                texts.append((told["text"], told["tries"]))
        assert sorted(texts) == [
            ("begun and done", 1),
            ("begun and done", 1),
            ("begun and done", 2),
        ]
        before = {session: hosts[0] for session, hosts in desk.went.items()}
        assert set(before.values()) == {"gpu1", "gpu2"}
        desk.reload(drain="gpu2")
        assert desk.answers(AT_ONCE, "s1", "s2", "s3", "new1", "new2") == [("done", 1)] * 5
        after = {session: hosts[-1] for session, hosts in desk.went.items()}
        assert after == before | {"new1": "gpu1", "new2": "gpu1"}

"""Who is measured: the stand-in itself, the relay, cc-proxy, and peers."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.speed.install import Installed, cc_proxy, claude_code_router, litellm, native
from bench.speed.processes import Process, Started, free_port

DIRECT, RELAY, OURS, CCR, LITELLM = "direct", "relay", "cc-proxy", "ccr", "litellm"
PEERS = (CCR, LITELLM)
_KEY = "bench-key"
# It takes only keys that begin so.
_KEY_OF_LITELLM = "sk-bench"
# Larger than any request here: a request that is refused costs nothing.
_WINDOW = 10_000_000
_HELP_SECONDS = 60


@dataclass
class Contender:
    """One of those that are measured; `process` is None for what runs anyway."""

    name: str
    port: int
    path: str
    form: str = "anthropic"
    end: str = "message_stop"
    model: str = "{}"
    headers: tuple[str, ...] = ()
    process: Process | None = None
    help_command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    installed: Installed | None = None

    def cpu_s(self) -> float:
        """Return the CPU seconds it has taken so far."""
        return self.process.cpu_s() if self.process else 0.0

    def restart(self) -> Started | None:
        """Stop it and start it again; None when it cannot be."""
        if self.process is None:
            return None
        self.process.stop()
        return self.process.start()

    def help_s(self) -> float | None:
        """Return how long its `--help` takes, in seconds."""
        if not self.help_command:
            return None
        began = time.monotonic()
        subprocess.run(  # noqa: S603 - the program under test
            self.help_command,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_HELP_SECONDS,
        )
        return time.monotonic() - began


def stand_in(folder: Path) -> Contender:
    """Return the upstream: also what an answer takes without anything in between."""
    port = free_port()
    return Contender(
        name=DIRECT,
        port=port,
        path="/api/chat",
        form="ollama",
        end='"done":true',
        process=Process([str(native("fake_ollama")), str(port)], {}, port, folder / "fake.log"),
    )


def all_of(upstream: int, folder: Path, peers: tuple[str, ...]) -> list[Contender]:
    """Return the relay, cc-proxy and the peers, installed and not yet started.

    Raises:
        InstallError: one cannot be installed.

    """
    ours = _cc_proxy(upstream, folder, cc_proxy())
    return [
        _relay(upstream, folder, ours.installed),
        ours,
        *(_PEERS[name](upstream, folder) for name in peers),
    ]


def _relay(upstream: int, folder: Path, beside: Installed | None) -> Contender:
    port = free_port()
    # The same interpreter and the same aiohttp.
    python = str(beside.python) if beside and beside.python else sys.executable
    script = str(Path(__file__).parent / "relay.py")
    command = [python, script, str(port), f"http://127.0.0.1:{upstream}"]
    return Contender(
        name=RELAY,
        port=port,
        path="/api/chat",
        form="ollama",
        end='"done":true',
        process=Process(command, {}, port, folder / "relay.log"),
    )


def _cc_proxy(upstream: int, folder: Path, installed: Installed) -> Contender:
    home, port = folder / "home", free_port()
    home.mkdir()
    config = folder / "cc-proxy.yaml"
    config.write_text(f"context_window: {_WINDOW}\n", encoding="utf-8")
    config.chmod(0o600)
    environment = {
        "HOME": str(home),
        "CC_PROXY_AUTH_KEY": _KEY,
        "CC_PROXY_STATE_DIR": str(folder / "state"),
        "CC_PROXY_LOG_DIR": str(folder / "logs"),
        "OLLAMA_BASE_URL": f"http://127.0.0.1:{upstream}",
    }
    start = ["start", "--foreground", "--port", str(port), "--config", str(config)]
    command = [*installed.command, *start]
    return Contender(
        name=OURS,
        port=port,
        path="/v1/messages",
        headers=(f"Authorization: Bearer {_KEY}",),
        process=Process(command, environment, port, folder / "cc-proxy.log"),
        help_command=(*installed.command, "--help"),
        environment=environment,
        installed=installed,
    )


def _litellm(upstream: int, folder: Path) -> Contender:
    installed, port = litellm(), free_port()
    routed = {
        "model_name": "*",
        "litellm_params": {
            "model": "ollama_chat/*",
            "api_base": f"http://127.0.0.1:{upstream}",
        },
    }
    config = {
        "model_list": [routed],
        "litellm_settings": {"drop_params": True, "telemetry": False},
        "general_settings": {"master_key": _KEY_OF_LITELLM},
    }
    # JSON is YAML.
    path = folder / "litellm.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    environment = {"HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    serve = ["--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    return Contender(
        name=LITELLM,
        port=port,
        path="/v1/messages",
        headers=(f"x-api-key: {_KEY_OF_LITELLM}",),
        process=Process([*installed.command, *serve], environment, port, folder / "litellm.log"),
        help_command=(*installed.command, "--help"),
        environment=environment,
        installed=installed,
    )


def _ccr(upstream: int, folder: Path) -> Contender:
    installed = claude_code_router()
    home, port = folder / "ccr-home", free_port()
    settings = home / ".claude-code-router"
    settings.mkdir(parents=True)
    provider = {
        "name": "ollama",
        "api_base_url": f"http://127.0.0.1:{upstream}/v1/chat/completions",
        "api_key": "ollama",
        "models": ["bench-1x0"],
    }
    config = {
        "PORT": port,
        "HOST": "127.0.0.1",
        "APIKEY": _KEY,
        "LOG": False,
        "NON_INTERACTIVE_MODE": True,
        "Providers": [provider],
        "Router": {"default": "ollama,bench-1x0"},
    }
    (settings / "config.json").write_text(json.dumps(config), encoding="utf-8")
    environment = {"HOME": str(home)}
    return Contender(
        name=CCR,
        port=port,
        path="/v1/messages",
        model="ollama,{}",
        headers=(f"x-api-key: {_KEY}",),
        process=Process([*installed.command, "start"], environment, port, folder / "ccr.log"),
        help_command=(*installed.command, "--help"),
        environment=environment,
        installed=installed,
    )


_PEERS = {CCR: _ccr, LITELLM: _litellm}

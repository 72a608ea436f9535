import subprocess
import sys
from pathlib import Path

from cc_proxy.app.config import LaunchOptions, load
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import handshake, spawn
from cc_proxy.tests import environments


def test_it_says_in_one_line_why_it_cannot_serve(paths: Paths, tmp_path: Path) -> None:
    command = spawn.command(paths, load(options=LaunchOptions(port=0), environ={}))
    missing = tmp_path / "missing.yaml"
    ran = subprocess.run(
        [*command, "--config", str(missing)],
        env=environments.clean(),
        capture_output=True,
        check=False,
    )
    failed = handshake.decode(ran.stdout)
    assert isinstance(failed, handshake.StartFailure)
    assert str(missing) in failed.message
    assert ran.returncode == failed.exit_code == 2


def test_it_takes_the_flags_that_the_start_was_given(paths: Paths) -> None:
    loaded = load(options=LaunchOptions(port=0, host="0.0.0.0"), environ={})  # noqa: S104 - to be refused
    ran = subprocess.run(
        spawn.command(paths, loaded), env=environments.clean(), capture_output=True, check=False
    )
    failed = handshake.decode(ran.stdout)
    assert isinstance(failed, handshake.StartFailure)
    assert failed.code == "insecure_bind"


def test_it_needs_nothing_of_the_command_line() -> None:
    script = "import sys, cc_proxy.app.daemon.child; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert not [name for name in loaded if name.split(".")[0] in {"click", "aiohttp"}]
    assert "cc_proxy.app.cli" not in loaded

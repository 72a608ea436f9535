"""The limit of open files, in a process of its own: it cannot be raised again once lowered."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, resource, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
from cc_proxy.app.gateway.http.open_files import allow_many
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
allow_many()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "after"), [(256, 4096, 4096), (1024, 1024, 1024), (300, 400, 400)]
)
@pytest.mark.posix_only("a limit of open files")
def test_the_soft_limit_is_raised_to_the_hard_one(soft: int, hard: int, after: int) -> None:
    script = SCRIPT.format(soft=soft, hard=hard)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == f"({after}, {hard})"
    assert (f"{soft} were allowed before" in ran.stdout) == (after > soft)

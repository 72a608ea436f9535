"""What a program sees that a test starts: nothing of this machine's settings."""

import os
from pathlib import Path

# Without its folder Windows opens no socket; where temporary files go is its own affair too.
# `make coverage` measures what is started by the last.
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "COVERAGE_PROCESS_CONFIG")


def clean(home: Path | None = None, **more: str) -> dict[str, str]:
    """Return an environment with what a program cannot do without, its home, and `more`."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | ({} if home is None else {"HOME": str(home)}) | more

"""As many connections as the system allows, not as many as a shell happens to."""

import logging
import sys

log = logging.getLogger(__name__)

# A stream takes two: its client's and Ollama's. A shell's soft limit is 1,024, on macOS 256.
_ENOUGH = 16_384
# Above this macOS refuses, whatever it says is the limit (OPEN_MAX).
_MACOS_MOST = 10_240


def allow_many() -> None:
    """Raise the soft limit of open files towards the hard one; a lower one is left as it is."""
    if sys.platform == "win32":
        # There is no such limit for sockets.
        return
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MACOS_MOST if sys.platform == "darwin" else _ENOUGH
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning("only %d files can be open, some %d streams: %s", soft, soft // 2, error)
    else:
        log.info("up to %d files can be open, %d were allowed before", wanted, soft)

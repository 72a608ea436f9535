"""Readers of what the program prints, who may leave before its end."""

import errno
import sys


def is_broken_pipe(error: OSError) -> bool:
    """Tell whether an output failed since nobody reads it any more: `head`, say, has enough."""
    # What EPIPE is elsewhere, Windows calls an invalid argument.
    windows = sys.platform == "win32" and error.errno == errno.EINVAL
    return windows or isinstance(error, BrokenPipeError)

"""Garbage collection of the interpreter: rare during the start, which makes no garbage."""

import gc

_USUAL = gc.get_threshold()
# Modules are most of what a start makes. With the usual threshold a fifth of the time in which a
# proxy starts goes into looking through them.
_SELDOM = 100_000


def relax_gc() -> None:
    """Look for garbage only after many new objects."""
    gc.set_threshold(_SELDOM, *_USUAL[1:])


def restore_gc() -> None:
    """Look for it as ever from now on, but not among what is there by now."""
    gc.freeze()
    gc.set_threshold(*_USUAL)

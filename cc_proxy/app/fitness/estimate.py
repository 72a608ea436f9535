"""The estimated duration of a test, from the speeds that were measured before it."""

from collections.abc import Sequence

from cc_proxy.app.claude_needs import FIRST_REQUEST_TOKENS
from cc_proxy.app.fitness.report import Speed
from cc_proxy.app.fitness.task import Task

# What a run adds to the front that all of them share: its turns and the results of its tools.
_READ_IN_A_RUN = 600


def seconds(plan: Sequence[Task], speed: Speed) -> float | None:
    """Return how long the runs of a plan take, None if a speed is not known.

    The front of the session is read once, and the history of a task once for runs in a row. A
    model that thinks takes longer, by as much as it thinks.
    """
    if not speed.read or not speed.written:
        return None
    read = FIRST_REQUEST_TOKENS + len(plan) * _READ_IN_A_RUN
    before: Task | None = None
    for task in plan:
        read += task.history_tokens if task is not before else 0
        before = task
    return read / speed.read + sum(task.writes for task in plan) / speed.written

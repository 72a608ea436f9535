"""The running proxy, asked again and again: it may be restarted meanwhile."""

from dataclasses import dataclass

from cc_proxy.app.cli.access import load_access
from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.output.result import NOT_RUNNING, REFUSED
from cc_proxy.app.control import activity_client
from cc_proxy.app.control.activity import Activity
from cc_proxy.app.daemon import confirm
from cc_proxy.app.daemon.process import running
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.errors import CcProxyError

_FIRST_SECONDS = 5.0
_SECONDS = 2.0


class NotShownError(CcProxyError):
    """Nothing can be shown: no proxy runs, or it does not take the key."""


@dataclass
class Source:
    """A proxy that answers."""

    common: Common
    state: ProcessState
    key: str

    @property
    def title(self) -> str:
        """The name of the proxy, for people."""
        return f"cc-proxy {self.state.version}  {self.state.url}"

    def ask(self, *, timeout_seconds: float = _SECONDS) -> Activity | None:
        """Return what goes on; None if the proxy that runs does not answer in time.

        Raises:
            NotShownError: none runs any more.

        """
        state = self.state
        found = activity_client.ask(
            state.host, state.port, self.key, timeout_seconds=timeout_seconds
        )
        if found is None:
            self.state = _running(self.common)
        return found


def connect(common: Common) -> tuple[Source, Activity]:
    """Return the proxy that runs, and its first answer.

    Raises:
        NotShownError: none runs, its key is not known, or it does not answer.

    """
    state = _running(common)
    key = load_access(common, common.paths()).key
    # The key is shown to nobody but our own process.
    if key is None or confirm.confirm(state, key, timeout_seconds=_FIRST_SECONDS) is None:
        refused = confirm.refused(state)
        raise NotShownError(
            refused.message, code=refused.code, hint=refused.hint, exit_code=REFUSED
        )
    source = Source(common, state, key)
    found = source.ask(timeout_seconds=_FIRST_SECONDS)
    if found is None:
        raise NotShownError(
            f"The proxy at {state.url} does not say what goes on: it is an older version, or busy.",
            code="not_answering",
            hint="cc-proxy restart",
        )
    return source, found


def _running(common: Common) -> ProcessState:
    state = running.inspect(common.paths()).state
    if state is None:
        raise NotShownError(
            "cc-proxy is not running.",
            code="not_running",
            exit_code=NOT_RUNNING,
            hint="To start it: cc-proxy start",
        )
    return state

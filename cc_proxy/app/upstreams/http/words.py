"""The words with which errors name a server, and what they advise."""

from collections.abc import Callable
from dataclasses import dataclass

from cc_proxy.app.upstreams.http.reasons import How


@dataclass(frozen=True)
class ServerWords:
    """The words of one server, for people: its name, and the kind of server that it is.

    `section` is its place in the configuration. The rest are hints: what to do when something else
    answers there, when the connection broke, over https too, when an answer came compressed, and
    when the server was silent for too long. `absence` takes an address and in which way no
    connection came about; it returns what there is to say of it, which may be empty, and a hint.
    """

    name: str
    kind: str
    section: str
    check_address: str
    check_log: str
    check_gateway: str
    check_compression: str
    more_time: str
    absence: Callable[[str, How], tuple[str, str]]

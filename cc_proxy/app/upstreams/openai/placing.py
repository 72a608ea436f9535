"""The headers by which a router sends the requests of one session to one server.

There the session's prompt is in the cache. Ray Serve's ConsistentHashRouter and vllm-router take
X-Session-ID, SMG X-SMG-Routing-Key, vllm-router's kv_aware X-Claude-Code-Session-Id; without a key
vllm-router 0.1 sends every session to one worker. A proxy in front of servers can hash any of them.
"""

import hashlib

_HEADERS = ("X-Session-ID", "X-SMG-Routing-Key", "X-Claude-Code-Session-Id")
_KEY_BYTES = 16
_MAX_SECRET_BYTES = 64


def placing_headers(session: str, secret: str, own: str = "") -> dict[str, str]:
    """Return the headers for a session, none for ``: a hash, so that its id stays here.

    The same session has the same hash after a restart too. `secret` is what only this proxy and
    the server know, and may be empty. `own` is the name of a further header, "" for none.
    """
    if not session:
        return {}
    secret_bytes = secret.encode()[:_MAX_SECRET_BYTES]
    key = hashlib.blake2b(session.encode(), digest_size=_KEY_BYTES, key=secret_bytes).hexdigest()
    return dict.fromkeys((*_HEADERS, own) if own else _HEADERS, key)

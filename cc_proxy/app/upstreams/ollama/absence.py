"""The likely reason why nothing answers at Ollama's address."""

from urllib.parse import urlsplit

from cc_proxy.app.redaction import without_user_info
from cc_proxy.app.upstreams.http.reasons import How
from cc_proxy.app.upstreams.ollama.refusals import BASE_URL

# What Docker and Podman call the machine that a container runs on, in the container.
HOST_NAMES = ("host.docker.internal", "host.containers.internal")

_USUAL = "Start it with `ollama serve`, or set {setting} to where it runs."
_OTHER_CONTAINER = (
    "Set {setting} to where Ollama runs; a container is known by its name to those on the"
    " same network."
)
_TRUST = (
    "Name the file of the authority that has signed it: ollama.ca_file in cc-proxy.user.yaml, or"
    " SSL_CERT_FILE=/path/to/authority.pem cc-proxy restart"
)
_LOOPBACK_ONLY = (
    "The host is there, but Ollama listens on the host's 127.0.0.1 only, or is not started."
)
_DROPPED = "Nothing came back from the host: its firewall may drop what comes from containers."


def explained(url: str, how: How, setting: str = BASE_URL) -> tuple[str, str]:
    """Return what there is to say besides that nothing answers (may be empty), and what helps.

    `how` the connection failed: the name has no address, the other side refused it, nothing came
    back, or, of an https address, nobody whom the system trusts vouches for the other side, or it
    does not speak https. `setting` is where the address is set.
    """
    if how == "not trusted":
        return "", _TRUST
    if how == "not https":
        return "", f"Set {setting} to {without_user_info(url).replace('https:', 'http:', 1)}"
    host = urlsplit(url).hostname or ""
    if host in HOST_NAMES:
        return _host_of_container(host, how)
    if how == "unknown name":
        return f"The name {host} has no address here.", _OTHER_CONTAINER.format(setting=setting)
    return "", _USUAL.format(setting=setting)


def _host_of_container(host: str, how: How) -> tuple[str, str]:
    match how:
        case "unknown name":
            # Docker on Linux gives the name only to containers that ask for it.
            flag = f"--add-host={host}:host-gateway"
            where = "devcontainer.json: runArgs, compose: extra_hosts"
            what = f"This machine does not know the name {host}."
            return what, f"Start the container with {flag} ({where})."
        case "refused":
            return _LOOPBACK_ONLY, "On the host: OLLAMA_HOST=0.0.0.0 ollama serve"
        case _:
            return _DROPPED, "On the host, let containers through to Ollama's port."

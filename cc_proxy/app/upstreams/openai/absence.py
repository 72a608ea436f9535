"""Reasons why nothing answers at the address of a server with OpenAI's API, and what helps."""

from urllib.parse import urlsplit

from cc_proxy.app.redaction import without_user_info
from cc_proxy.app.upstreams.http.reasons import How

_TRUST = (
    "Name the file of the authority that has signed it: upstreams.{}.ca_file in"
    " cc-proxy.user.yaml, or SSL_CERT_FILE=/path/to/authority.pem cc-proxy restart"
)


def explained(server: str, url: str, how: How) -> tuple[str, str]:
    """Return what there is to say besides that nothing answers (may be empty), and what helps.

    `server` is the name of the upstream in the configuration.
    """
    match how:
        case "not trusted":
            return "", _TRUST.format(server)
        case "not https":
            plain = without_user_info(url).replace("https:", "http:", 1)
            return "", f"Set upstreams.{server}.url to {plain}"
        case "unknown name":
            host = urlsplit(url).hostname or ""
            return f"The name {host} has no address here.", f"Check upstreams.{server}.url."
    # An engine listens only once it has loaded its model, which takes minutes (vLLM 0.32).
    check = f"and check upstreams.{server}.url."
    return "", f"Start the server, or wait until its model is loaded, {check}"

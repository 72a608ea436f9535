"""What a translated request is on Ollama's wire."""

from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.upstreams.ollama.wire import encoded

TARGET = Target(unknown_model("m"), window=1000, keep_alive="30m")


def wire_body(translated: TranslatedRequest, target: Target = TARGET) -> bytes:
    """Return the body for `/api/chat`."""
    return encoded(translated.request, target).body

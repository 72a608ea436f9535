"""`ollama serve` for these tests: the practice server, bound as OLLAMA_HOST says, as Ollama's is.

Each answer is what the how-tos show. With OLLAMA_MODELS, the folder of the models, it has those
for which there is a file there.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from cc_proxy.app.practice.model.models import DEFAULT_MODELS, PracticeModel
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.tests.fitness.played import good

ANSWER = "Hello! What shall we build?"


async def serve() -> None:
    named = urlsplit("//" + os.environ.get("OLLAMA_HOST", "127.0.0.1"))
    port = named.port or 11434
    # The tasks of `cc-proxy models test`, and for whatever else is asked the same answer.
    script = {**good(), "": [{"text": ANSWER}]}
    host = named.hostname or "127.0.0.1"
    async with PracticeServer(port, host=host, models=pulled(), script=script) as server:
        sys.stdout.write(f"Listening on {named.hostname}:{server.port} (version 0.32.15)\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()


def pulled() -> tuple[PracticeModel, ...]:
    folder = os.environ.get("OLLAMA_MODELS")
    if folder is None:
        return DEFAULT_MODELS
    return tuple(PracticeModel(path.name) for path in sorted(Path(folder).iterdir()))


if __name__ == "__main__":
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"only `serve` is played here, not {sys.argv[1:]}")
    asyncio.run(serve())

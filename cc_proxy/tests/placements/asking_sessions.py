"""Sessions that ask one thing each, all at once, and again after an error, as Claude Code does.

    python -m …asking_sessions URL KEY PROMPT SESSION …

Prints a line of JSON when the first word of an answer has come, and one for each whole answer.
"""

import json
import sys
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

MOST_TRIES = 3


def ask(url: str, key: str, prompt: str, session: str) -> None:
    for tries in range(1, MOST_TRIES + 1):
        connection = HTTPConnection(urlsplit(url).netloc)
        turn = {"role": "user", "content": f"{session}: {prompt}"}
        body = {"model": "claude-x", "max_tokens": 99, "stream": True, "messages": [turn]}
        headers = {"x-api-key": key, "X-Claude-Code-Session-Id": session}
        connection.request("POST", "/v1/messages", json.dumps(body), headers)
        response = connection.getresponse()
        text, kinds = "", {str(response.status)}
        for line in response:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line.removeprefix(b"data: "))
            kinds.add(event["type"])
            if event["type"] == "content_block_delta":
                if not text:
                    tell(session=session, begun=True)
                text += event["delta"]["text"]
        if "message_stop" in kinds:
            tell(session=session, text=text, request=response.headers["request-id"], tries=tries)
            return


def tell(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asking = [Thread(target=ask, args=(*sys.argv[1:4], session)) for session in sys.argv[4:]]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

"""The process that reads one PDF: limited in time and memory, and gone with the one it works for.

A PDF of 30 KB can ask for minutes of work and gigabytes of memory. Standard input has the size in
bytes of the base64 text in a line, and the text. It stays open: when it closes, nobody waits for
the answer any more. Standard output gets the answer as JSON: `text` and `scans`, or `why` there is
no text.
"""

import json
import os
import sys
import threading

from cc_proxy.app.translate.pdf import UnreadablePdfError, text_of

# An argument: the pages that are pictures are wanted too.
SCANS = "scans"
MAX_MEMORY_BYTES = 1024 * 1024 * 1024
# It gives way to the proxy, and still gets a tenth of a core where a model computes on all of them.
_NICE = 5


def main(cpu_seconds: int, *, with_scans: bool) -> None:
    """Read the PDF on standard input; write its text, or why there is none, to standard output."""
    _limit(cpu_seconds)
    stdin = sys.stdin.buffer
    data = stdin.read(int(stdin.readline()))
    threading.Thread(target=_end_with_the_other_side, daemon=True).start()
    try:
        found = text_of(data, with_scans=with_scans)
        answer: dict[str, object] = {"text": found.text, "scans": found.scans}
    except UnreadablePdfError as error:
        answer = {"why": str(error)}
    except MemoryError:
        answer = {"why": f"reading it takes more than {MAX_MEMORY_BYTES // 2**20} MiB of memory"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # The thread waits for the other side, which waits for the end of this process.
    os._exit(0)


def _end_with_the_other_side() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _limit(cpu_seconds: int) -> None:
    if sys.platform == "win32":  # the time is limited by the other side
        return
    import resource  # noqa: PLC0415 - Windows has none

    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    # A file is the only thing that a fault in the reader could leave behind.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS does not take it
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main(int(sys.argv[1]), with_scans=SCANS in sys.argv[2:])

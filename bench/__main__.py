"""`python -m bench`: every benchmark by its name; without one, what the proxy costs."""

import subprocess
import sys
from pathlib import Path

from bench.engines.__main__ import main as engines
from bench.prefill.__main__ import main as prefill
from bench.routing.__main__ import main as routing
from bench.soak.__main__ import main as soak
from bench.speed.__main__ import main as speed
from bench.start.__main__ import main as start
from bench.toolcalls.__main__ import main as toolcalls

_TOKENS = Path(__file__).parent / "tokens"
_HELP = """Usage: python -m bench [NAME] [OPTIONS]

  speed    what the proxy costs, beside a relay and peers (when none is named)
  start    how long a command takes to begin, beside the interpreter alone
  prefill  what a session makes the model read again
  routing  what of the prompts is cached, by how sessions are placed on hosts
  soak     what is left after much work and many faults
  tokens   how near the token count is; fetches 130 MB of vocabularies
  toolcalls  which of the calls that models write get through, and which texts stay text
  engines  a session on real engines, by their own counts, and the cost of a word

Each has a --help of its own, tokens aside.
"""


def tokens(arguments: list[str]) -> int:
    """Fetch what is missing, and run the measurement in its own environment."""
    python = _TOKENS / ".venv/bin/python"
    if not python.exists():
        subprocess.run([str(_TOKENS / "fetch.sh")], cwd=_TOKENS, check=True)  # noqa: S603 - ours
    environment = {"PYTHONPATH": str(_TOKENS.parents[1]), "PATH": "/usr/bin:/bin"}
    command = [str(python), "measure.py", *arguments]
    return subprocess.run(command, cwd=_TOKENS, env=environment, check=False).returncode  # noqa: S603 - ours


def main(arguments: list[str]) -> int:
    """Run the benchmark that is named first."""
    if arguments[:1] in (["--help"], ["-h"]):
        sys.stdout.write(_HELP)
        return 0
    name, rest = (arguments[0], arguments[1:]) if arguments else ("speed", [])
    match name:
        case "tokens":
            return tokens(rest)
        case "prefill":
            prefill(rest, prog_name="python -m bench prefill")
        case "start":
            start(rest, prog_name="python -m bench start")
        case "routing":
            routing(rest, prog_name="python -m bench routing")
        case "soak":
            soak(rest, prog_name="python -m bench soak")
        case "engines":
            engines(rest, prog_name="python -m bench engines")
        case "toolcalls":
            toolcalls(rest, prog_name="python -m bench toolcalls")
        case "speed":
            speed(rest, prog_name="python -m bench speed")
        case _:
            speed(arguments, prog_name="python -m bench")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

r"""Windows paths whose backslashes were not doubled: `"C:\temp\new.txt"`, `"\\server\share\file"`.

Taken as JSON, `\t` would be a tab and `\f` a form feed. No path has those.
"""

import re

from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps, finished

# A string without its end is taken as a whole, so that no part of it is read twice.
_STRING = re.compile(
    r"\"(?:[^\"\\]|\\(?:.|\Z))*+(?:\"|\Z)|'(?:[^'\\]|\\(?:.|\Z))*+(?:'|\Z)", re.DOTALL
)
_DRIVE = re.compile(r"[A-Za-z]:\\(?![\\\"'])[^\"<>|?*\n]*\Z")
_SHARE = re.compile(r"\\\\(?!\\)[\w.$-]+\\(?![\\\"'])[^\"<>|?*\n]*\Z")
_WITHIN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]:(?:\\{1,2}[\w .()$~-]+)+")
# What JSON does not know behind a backslash: nobody has doubled any in this path.
_RAW = re.compile(r"(?<!\\)\\(?![\\\"'/bfnrtu])")
_RUN = re.compile(r"\\+")


def escaped_paths(text: str) -> str:
    """Return JSON or Python text with the backslashes of such paths doubled."""
    return finished(escaping_paths(text, SourceText()))


def escaping_paths(text: str, work: SourceText) -> Steps[str]:
    """Do the same in steps; `work` counts them, and pauses."""
    if "\\" not in text:
        return text
    parts: list[str] = []
    end = 0
    for found in _STRING.finditer(text):
        parts += text[end : found.start()], _escaped(found)
        end = found.end()
        work.spend(end - found.start())
        yield from work.look()
    return "".join(parts) + text[end:]


def _escaped(found: re.Match[str]) -> str:
    whole = found.group()
    body = whole[1:-1]
    if whole[-1] != whole[0] or not (":\\" in body or body.startswith("\\\\")):
        return whole
    if _SHARE.match(body):
        return f"{whole[0]}\\\\{_RUN.sub(_doubled, body)}{whole[0]}"
    if _DRIVE.match(body):
        return f"{whole[0]}{_RUN.sub(_doubled, body)}{whole[0]}"
    body = _WITHIN.sub(_path_within, body)
    return f"{whole[0]}{body}{whole[0]}"


def _path_within(found: re.Match[str]) -> str:
    path = found.group()
    return _RUN.sub(_doubled, path) if _RAW.search(path) else path


def _doubled(_run: re.Match[str]) -> str:
    return "\\\\"

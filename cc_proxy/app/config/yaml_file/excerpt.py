"""A line of the user's file as an error shows it: with a caret, and without secrets."""

import re
import unicodedata

from cc_proxy.app.redaction import query_start

# What ruamel.yaml counts as a line: not those of \x85 and U+2028, which YAML 1.1 has as well.
LINE_BREAK = re.compile(r"\r\n|[\r\n]")
_OUR_KEY = re.compile(r"""(?:auth_key|api_key)["']?[ \t]*[:=]?""", re.IGNORECASE)
_ANY_KEY = re.compile(r"""(?<![\w-])([\w-]++)["']?[ \t]*[:=]""")
# The mapping of keys by person: only its values are secret.
_TEAM = re.compile(r"""(?:^|[\s{,])["']?auth_keys["']?[ \t]*:(?=[ \t]|$)""")
_SHOWN_OF_TEAM = re.compile(
    r"""(?:^|[{,])[ \t]*["']?[\w.@+-]{1,64}["']?:(?=[ \t]|$)"""
    r"""(?:(?<=max_in_flight:)[ \t]\d{1,9}(?=[ \t,}]|$))?|[{},]"""
)
_SECRET_PART = re.compile("auth|key|pass|secret|token|cred|bearer", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_WIDTH_SHOWN = 100
_LEAD_SHOWN = 60


class SourceText:
    """The text of a file, to quote from. Lines and columns count from 0, columns in characters."""

    def __init__(self, text: str) -> None:
        self._lines = LINE_BREAK.split(text)
        self._shown = _masked(self._lines)

    def find(self, text: str, line: int, column: int) -> int:
        """Return the column where the text starts in the line, or `column` if it does not."""
        return max(self._lines[line].find(text, column), column)

    def is_first(self, line: int, column: int) -> bool:
        """Tell whether nothing but spaces is in front of a place in its line."""
        return not self._lines[line][:column].strip()

    def hide(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Hide the text between two places (line, column)."""
        for line in range(start[0], min(end[0] + 1, len(self._shown))):
            shown = self._shown[line]
            first = start[1] if line == start[0] else 0
            last = end[1] if line == end[0] else len(shown)
            self._shown[line] = shown[:first] + _stars(shown[first:last]) + shown[last:]

    def excerpt(self, line: int, column: int, width: int = 1, hide_from: int | None = None) -> str:
        """Return the line with carets under `width` characters from `column` on.

        From the column `hide_from` on the line is not shown.
        """
        shown = self._shown[line] if line < len(self._shown) else ""
        if hide_from is not None:
            shown = shown[:hide_from] + _stars(shown[hide_from:])
        shown = "".join(character if character.isprintable() else " " for character in shown)
        start = max(0, column - _LEAD_SHOWN) if len(shown) > _WIDTH_SHOWN else 0
        before, rest = shown[start:column], shown[column : start + _WIDTH_SHOWN]
        marked = _cells(rest[:width]) or 1
        gutter = f"{line + 1:5} | "
        return (
            f"{gutter}{before}{rest}".rstrip()
            + f"\n{' ' * 5} | {' ' * _cells(before)}{'^' * marked}"
        )


def _masked(lines: list[str]) -> list[str]:
    """Return the lines with the values of secret keys, logins and queries of URLs as asterisks.

    It reads the text rather than the parsed file, because a file that cannot be parsed is
    quoted too; so it hides rather too much: all that follows on the line, all that is indented
    below it, and a quoted text up to its end.
    """
    masked = []
    indent: int | None = None
    team: int | None = None
    quote = ""
    for line in lines:
        if team is not None and line.strip() and _indent(line) <= team:
            team = None
        if quote:
            masked.append(_stars(line))
            quote = "" if quote in line else quote
        elif team is not None:
            masked.append(_names_of_team(line))
            quote = _open_quote(line)
        elif begun := _TEAM.search(line):
            start = begun.end()
            masked.append(_without_secrets(line[:start]) + _names_of_team(line[start:]))
            team, indent, quote = _indent(line), None, _open_quote(line)
        elif indent is not None and (not line.strip() or _indent(line) > indent):
            masked.append(_stars(line))
        elif end := _end_of_secret_key(line):
            value = line[end:]
            masked.append(_without_secrets(line[:end]) + _stars(value))
            indent = _indent(line)
            opening = value.strip()[:1]
            quote = opening if opening in ("'", '"') and value.count(opening) == 1 else ""
        else:
            masked.append(_without_secrets(line))
            indent = None
    return masked


def _open_quote(line: str) -> str:
    return next((one for one in ("'", '"') if line.count(one) % 2), "")


def _names_of_team(text: str) -> str:
    """Return a text of `auth_keys` with its names and limits, and asterisks for all else."""
    shown, end = "", 0
    for found in _SHOWN_OF_TEAM.finditer(text):
        shown += _stars(text[end : found.start()]) + found[0]
        end = found.end()
    return shown + _stars(text[end:])


def _end_of_secret_key(line: str) -> int:
    """Return where the first key that may name a secret ends in a line; 0 if none does."""
    ours = _OUR_KEY.search(line)
    keys = (key for key in _ANY_KEY.finditer(line) if _SECRET_PART.search(key[1]))
    ends = [key.end() for key in (ours, next(keys, None)) if key]
    return min(ends, default=0)


def _without_secrets(text: str) -> str:
    if (start := query_start(text)) is not None:
        text = text[:start] + _stars(text[start:])
    return _WORD.sub(_without_user_info, text)


def _without_user_info(word: re.Match[str]) -> str:
    before, at, after = word[0].rpartition("@")
    return f"{_stars(before)}{at}{after}"


def _stars(text: str) -> str:
    return re.sub(r"\S", "*", text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cells(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

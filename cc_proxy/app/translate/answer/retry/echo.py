"""The text of a second try that says what the first has said already."""


class Echo:
    """Takes the text of a second try, and keeps back what the client has already.

    A text that says the same words is not shown again; one that says others is shown whole.
    """

    def __init__(self, shown: str = "") -> None:
        self._shown = shown
        # So many characters of it were said again.
        self._heard = 0

    def new(self, text: str) -> str:
        """Return the part of the next text to show."""
        if not self._shown:
            return text
        if self._shown.startswith(text, self._heard):
            self._heard += len(text)
            return ""
        said, self._shown = self._shown, ""
        if text.startswith(said[self._heard :]):
            return text[len(said) - self._heard :]
        return said[: self._heard] + text

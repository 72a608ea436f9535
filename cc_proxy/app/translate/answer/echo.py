"""The text of a second try that says what the first has said already."""


class Echo:
    """Takes the text of a second try, and keeps back what stands on the screen already.

    A text that says the same words is not shown again; one that says others is shown whole.
    """

    def __init__(self, shown: str = "") -> None:
        self._shown = shown
        self._heard = ""

    def new(self, text: str) -> str:
        """Return what is to be shown of the text that comes next."""
        if not self._shown:
            return text
        heard = self._heard + text
        if self._shown.startswith(heard):
            self._heard = heard
            return ""
        rest = heard.removeprefix(self._shown)
        self._shown = self._heard = ""
        return rest

"""The error of a simulated tool."""


class ToolError(Exception):
    """What a tool says to the model when it cannot do what it was asked.

    `is_slip`: it was asked for something that the model could have known to be impossible.
    """

    def __init__(self, text: str, *, is_slip: bool = False) -> None:
        super().__init__(text)
        self.is_slip = is_slip

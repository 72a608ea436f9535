"""The error of a simulated tool."""


class ToolError(Exception):
    """The error of a simulated tool, as the model gets it.

    `is_slip`: it was asked for something that the model could have known to be impossible.
    """

    def __init__(self, text: str, *, is_slip: bool = False) -> None:
        super().__init__(text)
        self.is_slip = is_slip

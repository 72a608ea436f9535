"""The model that answers a chat, and how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.config import EVERY_ASSIST, NO_MODEL_SETTINGS, Assist, ModelSettings


class ThinkingForm(Enum):
    """The form in which the thinking of old turns is sent."""

    FIELD = "field"
    TAGS = "tags"
    CHANNEL = "channel"


@dataclass(frozen=True)
class Target:
    """The model that will answer: what it can do, its window in tokens, how long it stays.

    `configured` is the window that was set for this model: more than it can have, maybe. `assist`
    is the help that the model gets where it stumbles. `settings` are the user's for this model.
    `forms` has how old thinking is sent, where the model is asked to think and where it is not.
    `takes_tool_choice`: the server can be told that a tool must be called, and which. `upstream`
    names the server that has the model, `server` is its name for people. `drops_output`: the server
    may drop what its parser cannot read. `instead_of` names the model that it is the fallback of.
    """

    model: ModelInfo
    window: int
    keep_alive: str
    configured: int | None = None
    assist: Assist = EVERY_ASSIST
    settings: ModelSettings = NO_MODEL_SETTINGS
    forms: Mapping[bool, ThinkingForm] = field(default_factory=dict)
    takes_tool_choice: bool = False
    upstream: str = ""
    server: str = "Ollama"
    drops_output: bool = True
    instead_of: str = ""

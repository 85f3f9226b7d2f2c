"""What a reader sees of a picker before opening it."""

from dataclasses import dataclass
from typing import Literal

LabelVisibility = Literal["visible", "hidden", "collapsed"]


@dataclass(frozen=True, slots=True)
class Face:
    label: str
    placeholder: str
    help: str | None
    label_visibility: LabelVisibility

"""The object `display`: nobody looks at it, but programs write to it.

Source: Series 2600B reference manual 2600BS-901-01, `display.*`.
"""

from __future__ import annotations

from collections.abc import Sequence

from nwlab.virtual.k2600_trigger_names import DISPLAY_EVENT
from nwlab.virtual.tsp_node import NIL, Node, text

_CONSTANTS = {
    "SMUA": 0, "SMUB": 1, "SMUA_SMUB": 2, "USER": 3,
    "MEASURE_DCAMPS": 0, "MEASURE_DCVOLTS": 1, "MEASURE_OHMS": 2, "MEASURE_WATTS": 3,
    "DIGITS_4_5": 4, "DIGITS_5_5": 5, "DIGITS_6_5": 6, "UNLOCK": 0, "LOCK": 1, "KEY_NONE": 0,
}  # fmt: skip


def display_node(smus: Sequence[str]) -> Node:
    """Return the object `display`."""
    shown = {"text": ""}

    def set_text(line: object) -> None:
        shown["text"] = (shown["text"] + text(line))[-52:]

    node = Node(luatype="display").constants(_CONSTANTS).storage({"screen": 0, "locallockout": 0, "numpad": 1})
    node.function("clear", lambda: shown.update(text="")).function("settext", set_text)
    node.function("gettext", lambda *_: shown["text"]).function("setcursor", lambda *_: None)
    node.function("getcursor", lambda: (1, 1, 0)).function("getlastkey", lambda: 0)
    node.function("getannunciators", lambda: 0).function("sendkey", lambda *_: None)
    for name in ("inputvalue", "menu", "prompt", "waitkey", "loadmenu"):
        node.function(name, lambda *_: NIL)
    trigger = node.child("trigger").constants({"EVENT_ID": DISPLAY_EVENT})
    trigger.function("wait", lambda *_: False).function("clear", lambda: None)
    for smu in smus:
        part = node.child(smu).storage({"digits": 5})
        part.child("measure").storage({"func": 1})
        part.child("limit").storage({"func": 0})
    return node

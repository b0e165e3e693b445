"""What a TSP instrument's answers mean, read so strictly that a cut or garbled one never gives a value.

Sources: Series 2600B reference manual 2600BS-901-01, 707B/708B reference manual 707B-901-01, `print()`,
`printbuffer()`, `format.asciiprecision`, `errorqueue.next()`, "Common commands".
"""

from __future__ import annotations

import re

import numpy as np

from nwlab.core.drive import FloatArray

_NUMBER = re.compile(r"-?\d\.\d+e[+-]\d\d")
_IDENTITY = re.compile(r"Keithley Instruments[^,]*,\s*Model\s+(\w+)[^,]*,[^,]+,[^,]+", re.IGNORECASE)
_ATTRIBUTE = r'(?:nwlab_lines|[a-z]\w*(?:\.\w+|\[\d+\])+|channel\.get\w+\("\w+"\))'
_FORMAT = r"(?: ?format\.\w+ = [\w.]+ ?)*"
_HARMLESS = re.compile(rf"print\({_ATTRIBUTE}(?:, {_ATTRIBUTE})*\)|{_FORMAT}printbuffer\([\w., ]+\){_FORMAT}")


def numbers(reply: str, count: int) -> list[float]:
    """Read what `print(x, y, …)` answered.

    Raises ValueError for anything but numbers as TSP prints them, so that a cut or garbled line never gives a value.
    """
    fields = reply.split("\t")
    if len(fields) != count:
        raise ValueError(f"{count} numbers were expected, {len(fields)} fields came")
    for field in fields:
        if not _NUMBER.fullmatch(field):
            raise ValueError(f"{field!r} is not a number as TSP prints it")
    if len({field.lstrip("-").index("e") for field in fields}) > 1:
        raise ValueError("the numbers of one line have as many digits each")  # format.asciiprecision
    return [float(field) for field in fields]


def model_of(identity: str) -> str | None:
    """Return the model in an answer to `*IDN?`, for example "2636B"; None for a foreign answer."""
    found = _IDENTITY.fullmatch(identity.strip())
    return found[1].upper() if found else None


def error_of(reply: str) -> tuple[int, str]:
    """Read what `print(errorqueue.next())` answered: code and text.

    Raises ValueError.
    """
    code, *text, severity, node = reply.split("\t")
    numbers("\t".join((severity, node)), 2)
    return round(numbers(code, 1)[0]), "\t".join(text)


def repeatable(command: str) -> bool:
    """Tell whether asking twice is the same as asking once: attributes and buffers are read, nothing is called.

    An event register is cleared by reading it.
    """
    return bool(_HARMLESS.fullmatch(command)) and ".event" not in command


def untagged(reply: str, tag: str) -> str:
    """Return what follows the tag in an answer.

    Raises ValueError for the answer to another question.
    """
    found, _, rest = reply.partition("\t")
    if found != tag:
        raise ValueError(f"the answer to this question begins with the tag {tag}")
    return rest


def values_of(data: bytes, size: int) -> FloatArray:
    """Read a block of numbers: `#0`, the data in little-endian REAL64, a newline; `size` bytes in all.

    Raises ValueError.
    """
    if len(data) != size or data[:2] != b"#0" or data[-1:] != b"\n":
        raise ValueError(f"a block of {size} bytes between '#0' and a newline was expected")
    return np.frombuffer(data, dtype="<f8", count=(size - 3) // 8, offset=2).astype(np.float64)

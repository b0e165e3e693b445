from pathlib import Path

import pytest

from nwlab.core.errors import FileError, UsageError
from nwlab.core.events import Outline
from nwlab.core.reading import Reading
from nwlab.protocol.protocol import load_protocol

HEAD = """\
name = "mine"
[parameters]
source = { value = "A", kind = "terminal" }
level = { value = "2 V", min = "0 V", max = "3 V", help = "height" }
count = { value = 3, min = 1 }
"""
STEP = """\
[[step]]
do = "read"
source = "$source"
sink = "B"
voltage = "$level"
count = "$count"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_parameters_reach_the_steps(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + STEP)
    (drive,) = load_protocol(path, level="2500 mV", count="5").bind(("A", "B")).drives()
    assert drive.forces[0].levels.tolist() == [2.5] * 5


def test_the_same_file_serves_chips_with_other_terminal_order(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + STEP)
    (drive,) = load_protocol(path).bind(("x", "B", "A")).drives()
    assert (drive.forces[0].terminal, drive.forces[0].low) == (2, 1)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"level": "4 V"}, "level: 4 V is above its maximum 3 V"),
        ({"level": "4 A"}, "a unit of V is needed"),
        ({"count": "2.5"}, "not a whole number"),
        ({"count": 0}, "below its minimum"),
        ({"levle": "1 V"}, "has no parameter 'levle'; it has source, level, count"),
        ({"path": "1 V"}, "has no parameter 'path'; it has source, level, count"),
    ],
)
def test_bad_parameters_are_usage_errors(tmp_path: Path, given: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load_protocol(write(tmp_path, HEAD + STEP), **given)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('sink = "B"', 'sink = "Z"', r"mine\.toml:9: step\.1\.sink: the chip has no terminal 'Z'; it has A, B"),
        ('sink = "B"', 'sinc = "B"', r"'sink' is missing here \(did you mean 'sinc'\?\)"),
        ('do = "read"', 'do = "raed"', r"mine\.toml:7: step\.1\.do: 'raed' is not one of .*did you mean 'read'"),
        ('voltage = "$level"', 'voltage = "$count"', r"\$count is of kind 1, but V is needed"),
        (
            'voltage = "$level"',
            'voltage = "$lvl"',
            r"there is no parameter \$lvl; this file has \$source, \$level, \$count",
        ),
        ('voltage = "$level"', "voltage = 3", "'3' has no unit"),
        ('count = "$count"', 'count = "3"', "needs a whole number, not '3'"),
        ('count = "$count"', "cout = 3", r"mine\.toml:11: step\.1\.cout: unknown key \(did you mean 'count'\?\)"),
        ('max = "3 V"', 'max = "3 A"', r"mine\.toml:4: parameters\.level\.max: .*a unit of V"),
        ('value = "2 V"', 'value = "9 V"', r"mine\.toml:4: .*above its maximum"),
        ('name = "mine"', 'nam = "mine"', r"'name' is missing here"),
        ('kind = "terminal"', 'kind = "pin"', "'pin' is not one of terminal, text, quantity"),
    ],
)
def test_a_faulty_file_is_told_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = write(tmp_path, (HEAD + STEP).replace(old, new, 1))
    with pytest.raises(FileError, match=complaint):
        load_protocol(path).bind(("A", "B"))


def test_a_protocol_without_steps_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="at least one"):
        load_protocol(write(tmp_path, HEAD))


OWN = '''
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol import Play, Siemens, Terminal, Volts

def approach(source: Terminal, sink: Terminal, target: Siemens, step: Volts) -> Play:
    """Raise the level until the conductance is reached."""
    level = step
    reading = None
    while reading is None or reading.conductance[-1, 0] < target:
        force = Force(source, Quantity.VOLTAGE, np.array([level]), 1e-4, low=sink)
        reading = yield Drive(np.array([0.1]), (force,))
        level += step
'''


OWN_STEP = """\
[[step]]
do = "approach"
source = "A"
sink = "B"
target = "10 uS"
step = "0.5 V"
"""


def test_a_labs_own_closed_loop_step(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    text = 'name = "o"\nuse = ["own.py"]\n' + OWN_STEP
    play = load_protocol(write(tmp_path, text)).bind(("A", "B")).drives()
    levels: list[float] = []
    drive = next(play)
    for conductance in (2e-6, 8e-6, 12e-6):
        level = drive.forces[0].levels
        levels.append(float(level[0]))
        cell = level.reshape(-1, 1)
        reading = Reading(0.0, level * 0, cell, cell, cell, cell * conductance, cell > 99, cell > 99)
        try:
            drive = play.send(reading)
        except StopIteration:
            break
    assert levels == pytest.approx([0.5, 1.0, 1.5])


def test_the_outline_is_known_unless_a_lab_decides_as_it_goes(tmp_path: Path) -> None:
    outline = load_protocol(write(tmp_path, HEAD + STEP)).bind(("A", "B")).outline()
    assert outline is not None
    assert (outline.steps, outline.duration) == (3, pytest.approx(0.3))
    assert (outline.drives, outline.values) == (1, 3)
    (tmp_path / "own.py").write_text(OWN)
    text = STEP + OWN_STEP
    own = load_protocol(write(tmp_path, HEAD.replace("[param", 'use = ["own.py"]\n[param', 1) + text))
    assert own.bind(("A", "B")).outline() == Outline()


def test_a_broken_step_file_is_told(tmp_path: Path) -> None:
    text = 'name = "o"\nuse = ["own.py"]\n[[step]]\ndo = "x"\n'
    with pytest.raises(FileError, match="no step file"):
        load_protocol(write(tmp_path, text))
    (tmp_path / "own.py").write_text("import nothing_like_this\n")
    with pytest.raises(FileError, match=r"own\.py: cannot be loaded: ModuleNotFoundError"):
        load_protocol(write(tmp_path, text))

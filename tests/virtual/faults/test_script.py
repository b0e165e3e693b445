"""What a fault script may say, and where a complaint about it points."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from virtual.faults.parrots import script_of

from nwlab.core.errors import FileError
from nwlab.lab.opening import open_bench
from nwlab.virtual.ailments import HeldContact, PowerCut
from nwlab.virtual.faults import load_faults
from nwlab.virtual.faults.acts import Ails, BadContact, Late, LostMessage, LostReply
from nwlab.virtual.faults.kinds import KINDS

EXAMPLES = sorted((Path(__file__).parents[3] / "instruments" / "faults").glob("*.toml"))


def test_a_script_says_what_where_and_when(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
about = "a bad cable"
[[fault]]
at = "a"
do = "late"
when = "2 s"
message = "printbuffer"
nth = 3
chance = "50 %"
times = 0
delay = "250 ms"
[[fault]]
at = "m"
do = "welded"
crosspoint = "A02"
duration = "1 min"
""",
        seed=7,
    )
    first, second = script.faults
    assert (script.name, script.about, script.seed) == ("test", "a bad cable", 7)
    assert (first.at, first.do, first.act) == ("a", "late", Late(0.25))
    condition = first.condition
    assert (condition.when, condition.message, condition.nth, condition.chance, condition.times) == (
        2.0,
        "printbuffer",
        3,
        0.5,
        0,
    )
    assert second.act == Ails(HeldContact(("A", 2), closed=True, seen=True), 60.0)


def test_what_is_not_said_is_once_at_once_and_for_ever(tmp_path: Path) -> None:
    lost, message, contact, reboot = script_of(
        tmp_path,
        """
[[fault]]
at = "a"
do = "lost"
[[fault]]
at = "a"
do = "lost"
what = "message"
[[fault]]
at = "A"
do = "bad-contact"
[[fault]]
at = "a"
do = "reboot"
""",
    ).faults
    assert (lost.act, message.act) == (LostReply(), LostMessage())
    assert (lost.condition.when, lost.condition.times, lost.is_timed) == (0.0, 1, False)
    assert contact.act == BadContact(None, math.inf)
    assert reboot.act == Ails(PowerCut(), 20.0)
    assert contact.is_timed
    assert reboot.is_timed


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_shipped_scripts_fit_the_default_bench(path: Path) -> None:
    assert load_faults(path).about
    with open_bench("virtual", faults=path):
        pass


@pytest.mark.parametrize(
    ("fault", "line", "complaint"),
    [
        ('at = "a"\ndo = "lat"', 5, "do: 'lat' is not one of late, .* \\(did you mean 'late'\\?\\)"),
        ('do = "late"', 3, "fault.1: the key 'at' is missing here"),
        ('at = "a"\ndo = "late"\ndelay = "6 V"', 6, "delay: '6 V' has the unit 'V', but a unit of s is needed"),
        ('at = "a"\ndo = "late"\ndelay = "0 s"', 6, "delay: '0 s' must be above zero"),
        ('at = "a"\ndo = "late"\ndealy = "1 s"', 6, "dealy: unknown key \\(did you mean 'delay'\\?\\)"),
        ('at = "a"\ndo = "late"\nchance = "0 %"', 6, "chance: '0 %' is no chance"),
        ('at = "a"\ndo = "late"\nchance = "110 %"', 6, "chance: '110 %' is no chance"),
        ('at = "a"\ndo = "late"\nwhen = "-1 s"', 6, "when: '-1 s' is before the bench was opened"),
        ('at = "a"\ndo = "late"\nnth = 0', 6, "nth: 0 is below 1"),
        ('at = "a"\ndo = "late"\nmessage = ""', 6, "message: an empty text is in every message"),
        ('at = "a"\ndo = "hung"\ntimes = 2', 6, "times: this fault strikes at its time, once"),
        ('at = "a"\ndo = "lost"\nwhat = "all"', 6, "what: 'all' is not one of reply, message"),
        ('at = "a"\ndo = "garbled"\nbits = 0', 6, "bits: at least one bit must flip"),
        ('at = "a"\ndo = "cut"\nbytes = -1', 6, "bytes: -1 cannot be negative"),
        ('at = "m"\ndo = "welded"\ncrosspoint = "2A"', 6, "crosspoint: '2A' is no crosspoint"),
        ('at = "A"\ndo = "leak"\nmessage = "x"', 6, "message: unknown key"),
        ('do = "drift"\nrate = "1 %"', 5, "rate: '1 %' has the unit '%', but a unit of 1/s is needed"),
    ],
)
def test_a_complaint_names_file_line_and_key(tmp_path: Path, fault: str, line: int, complaint: str) -> None:
    with pytest.raises(FileError, match=complaint) as found:
        script_of(tmp_path, f"[[fault]]\n{fault}\n")
    assert (found.value.path, found.value.line) == (tmp_path / "faults.toml", line)


def test_a_script_without_faults_or_with_a_strange_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"needs at least one \[\[fault\]\]"):
        script_of(tmp_path, "")
    with pytest.raises(FileError, match="a seed is a whole number of at least 0"):
        script_of(tmp_path, '[[fault]]\nat = "a"\ndo = "late"\n', seed=-1)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (
            'at = "aa"\ndo = "late"',
            r"at: 'late' is done to an SMU channel or a matrix, and 'aa' is none here \(did you",
        ),
        (
            'at = "m"\ndo = "interlock"',
            "at: 'interlock' is done to an SMU channel, and 'm' is none here; there is a, b",
        ),
        ('at = "a"\ndo = "welded"\ncrosspoint = "A1"', "is done to a matrix, and 'a' is none here.*; there is m"),
        ('at = "C"\ndo = "leak"', "is done to a terminal of the chip, and 'C' is none here; there is A, B"),
        ('at = "A"\ndo = "drift"\nrate = "1 1/s"', "is done to \"chip\", and 'A' is none here; there is chip"),
        (
            'at = "m"\ndo = "welded"\ncrosspoint = "A9"',
            r"crosspoint: A9 joins nothing on matrix 'm'; wired are rows A, B",
        ),
    ],
)
def test_a_fault_that_this_bench_cannot_have_is_refused(tmp_path: Path, fault: str, complaint: str) -> None:
    path = script_of(tmp_path, f"[[fault]]\n{fault}\n").path
    with pytest.raises(FileError, match=complaint) as found:
        open_bench("virtual", chip="resistor-10k", faults=path)
    assert found.value.line is not None


def test_every_word_is_explained_in_the_shipped_example() -> None:
    text = "".join(path.read_text() for path in EXAMPLES)
    assert [word for word in KINDS if word not in text] == []

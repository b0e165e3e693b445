from pathlib import Path

import pytest

from nwlab.core.errors import FileError
from nwlab.core.files import parse_toml, read_toml
from nwlab.core.toml_lines import key_lines

TEXT = """\
name = "x"
# a comment = "no key"

[limits]
voltage = "5 V"

[[step]]
do = "hold"
levels = [
    "1 V",
    "2 A",
]

[[step]]
do = "read"
  [step.more]
  "odd key" = 3
[a.b]
c.d = { e = 1, f = "2" }
text = '''
[[step]]
do = "inside a string"
'''
last = true
"""


def test_every_key_has_its_line() -> None:
    lines = key_lines(TEXT)
    assert lines["name",] == 1
    assert lines["limits", "voltage"] == 5
    assert lines["step", 0, "levels"] == 9
    assert lines["step", 1, "do"] == 15
    assert lines["step", 1, "more", "odd key"] == 17
    assert lines["a", "b", "c", "d"] == 19
    assert lines["a", "b", "last"] == 24
    assert ("step", 2) not in lines


def test_a_complaint_names_file_line_and_key() -> None:
    table = parse_toml(TEXT, "bench.toml")
    with pytest.raises(FileError, match=r"bench\.toml:5: limits\.voltage: .*a unit of A is needed"):
        table.table("limits").quantity("voltage", "A")
    with pytest.raises(FileError, match=r"bench\.toml:15: step\.2\.do: 'read' is not one of reed.*did you mean 'reed'"):
        table.tables("step")[1].choice("do", ["reed"])


def test_unknown_keys_are_refused_with_the_nearest() -> None:
    table = parse_toml('name = "x"\nvoltag = "5 V"\n', "f.toml")
    table.text("name")
    table.quantity("voltage", "V", 1.0)
    with pytest.raises(
        FileError, match=r"f\.toml:2: voltag: unknown key \(did you mean 'voltage'\?\); known here: name, voltage"
    ):
        table.finish()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 3", "needs a text in quotes"),
        ("y = 1", r"'x' is missing here"),
        ('xs = "a"', "'x' is missing here .did you mean 'xs'"),
    ],
)
def test_missing_and_wrong_values(text: str, complaint: str) -> None:
    with pytest.raises(FileError, match=complaint):
        parse_toml(text, "f.toml").text("x")


def test_a_plain_number_needs_its_unit() -> None:
    table = parse_toml("v = 3\nn = 2.5\n", "f.toml")
    with pytest.raises(
        FileError, match=r"f\.toml:1: v: '3' has no unit, but a unit of V is needed; write for example '2.5 V'"
    ):
        table.quantity("v", "V")
    assert table.quantity("n", "1") == 2.5


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_toml(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = 1\nb = = 2\n")
    with pytest.raises(FileError, match=r"broken\.toml:2: is not valid TOML"):
        read_toml(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="cannot be read"):
        read_toml(broken)

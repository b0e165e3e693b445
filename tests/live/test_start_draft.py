"""What is made of a form: orders, complaints in words, and the command line that does the same."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nwlab import cli
from nwlab.lab.catalogue import catalogue
from nwlab.live.start.catalogue import Catalogue, entry_of
from nwlab.live.start.draft import Choices, Draft, bounds
from nwlab.live.start.order import Order

LISTS = catalogue()

Make = Callable[..., Draft]


def named(kind: str, name: str) -> object:
    return next(each for each in getattr(LISTS, kind) if each.name == name)


@pytest.fixture
def make() -> Make:
    def make(protocol: str = "pulses", bench: str = "virtual", **others: object) -> Draft:
        plain = Choices(named("protocols", protocol), named("benches", bench))  # type: ignore[arg-type]
        return Draft(replace(plain, **others), LISTS)  # type: ignore[arg-type]

    return make


def test_what_is_listed_is_what_the_command_line_lists() -> None:
    assert {"pulses", "iv-loop", "stochastic"} <= {each.name for each in LISTS.protocols}
    assert "a train of equal pulses with reads between" in {each.about for each in LISTS.protocols}
    assert {"lab16", "virtual"} <= {each.name for each in LISTS.benches}
    assert [each.name for each in LISTS.faults] == ["bad-day"]


def test_a_fresh_form_types_only_what_must_be_typed(make: Make) -> None:
    draft = make()
    assert draft.complaint() == ""
    assert draft.order().line == "nwlab run pulses"
    assert draft.simulated
    assert draft.terminals == ("A", "B")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("amplitude", "7 V", "7 V is above its maximum 5 V"),
        ("amplitude", "-1 V", "-1 V is below its minimum 0 V"),
        ("amplitude", "7", "'7' has no unit, but a unit of V is needed; write for example '2.5 V'"),
        ("amplitude", "2 s", "'2 s' has the unit 's', but a unit of V is needed; write for example '2.5 V'"),
        ("amplitude", " ", "needs a value; write for example '2.5 V'"),
        ("count", "2.5", "'2.5' is not a whole number"),
        ("source", "C", "the chip has no terminal 'C'; it has A, B"),
    ],
)
def test_a_bad_value_is_told_in_words(make: Make, name: str, text: str, fault: str) -> None:
    draft = make(texts={name: text})
    assert draft.faults() == {name: fault}
    assert draft.complaint() == f"{name}: {fault}"


@pytest.mark.parametrize(
    ("text", "settings"),
    [("3.6 V", ()), ("3600 mV", ()), ("3 V", (("amplitude", "3 V"),)), ("2500 mV", (("amplitude", "2500 mV"),))],
)
def test_only_what_differs_from_the_default_is_typed(
    make: Make, text: str, settings: tuple[tuple[str, str], ...]
) -> None:
    assert make(texts={"amplitude": text}).order().settings == settings


def test_another_chip_has_other_terminals(make: Make) -> None:
    draft = make(chip=named("chips", "nw16"))
    assert len(draft.terminals) == 16
    assert draft.faults()["source"].startswith("the chip has no terminal 'A'; it has 1, 2")
    mended = make(chip=named("chips", "nw16"), texts={"source": "1", "sink": "9"})
    assert mended.order().line == "nwlab run pulses --chip nw16 --set source=1 --set sink=9"


def test_a_real_bench_keeps_its_chip_and_takes_no_faults(make: Make) -> None:
    draft = make(bench="lab16", chip=named("chips", "nw16"), faults=named("faults", "bad-day"))
    assert not draft.simulated
    assert draft.takes_virtual
    assert not draft.takes_faults
    assert draft.order() == Order("pulses", "lab16")
    virtual = make(bench="lab16", virtual=True, chip=named("chips", "resistor-10k"), faults=named("faults", "bad-day"))
    assert virtual.simulated
    assert virtual.order().line == "nwlab run pulses --bench lab16 --chip resistor-10k --virtual --faults bad-day"


def test_virtual_is_not_typed_where_everything_is_simulated_anyway(make: Make) -> None:
    assert make(virtual=True).order() == Order("pulses")


def test_pace_is_of_simulated_instruments(make: Make) -> None:
    draft = make(speed=1.0)
    assert draft.order().line == "nwlab run pulses --speed 1"
    assert str(draft.order()) == "pulses on virtual: real time"
    assert draft.order().rehearsed == make().order()  # a dry run never waits
    assert make(bench="lab16", speed=1.0).order().speed is None
    assert make(bench="lab16", virtual=True, speed=0.5).order().line == (
        "nwlab run pulses --bench lab16 --virtual --speed 0.5"
    )
    assert make(model=True, speed=1.0).order().line == "nwlab run pulses --model"


def test_a_model_needs_no_bench(make: Make) -> None:
    draft = make(bench="lab16", model=True, virtual=True, faults=named("faults", "bad-day"))
    assert draft.simulated
    assert draft.order().line == "nwlab run pulses --model"
    assert draft.terminals == ("A", "B")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("seed", "x", "seed: 'x' is not a whole number of at least 0"),
        ("seed", "-1", "seed: '-1' is not a whole number of at least 0"),
        ("out", " ", "out: needs the name of a folder"),
        ("out", __file__, f"out: {__file__} is a file, not a folder"),
    ],
)
def test_bad_options_are_told(make: Make, name: str, text: str, fault: str) -> None:
    assert make(**{name: text}).complaint() == fault


def test_a_file_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[parameters]\nlevel = { value = "9 V", max = "5 V" }\n')
    draft = make()
    broken = Draft(replace(draft.choices, protocol=entry_of(path)), LISTS)
    assert broken.complaint().startswith(f"{path}:3: parameters.level.value: ")
    assert broken.parameters == {}


def test_the_command_line_is_read_as_it_was_meant(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "two words.toml"
    path.write_text('name = "x"\n[parameters]\nnote = { value = "", kind = "text" }\n[[step]]\ndo = "rest"\n')
    draft = make(seed="7", out=str(tmp_path / "it's"), texts={"note": "a = 'b'; $HOME"})
    draft = Draft(replace(draft.choices, protocol=entry_of(path)), LISTS)
    words = shlex.split(draft.order().line)
    assert words[:2] == ["nwlab", "run"]
    options = cli._parser().parse_args(words[1:])
    assert options.protocol == str(path)
    assert options.set == [("note", "a = 'b'; $HOME")]
    assert (options.seed, options.out) == (7, str(tmp_path / "it's"))


def test_a_file_has_a_short_name_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "-odd.toml"
    path.touch()
    assert entry_of(path).name == "./-odd.toml"
    known = LISTS.protocols
    assert entry_of(known[0].path, known) is known[0]


def test_bounds_in_words(make: Make) -> None:
    parameters = make().parameters
    assert bounds(parameters["amplitude"]) == "0 V to 5 V"
    assert bounds(parameters["width"]) == "at least 1 ms"
    assert bounds(parameters["compliance"]) == ""


def test_the_catalogue_runs_nobodys_code(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nuse = ["own.py"]\n[[step]]\ndo = "mine"\n')
    lists: Catalogue = LISTS
    assert lists.read_protocol(path).files == (path, tmp_path / "own.py")
    assert not (tmp_path / "ran").exists()


def test_a_twin_follows_on_real_and_simulated_benches(make: Make) -> None:
    draft = make(twin=named("chips", "stochastic-2025"))
    assert draft.complaint() == ""
    assert draft.order().line == "nwlab run pulses --twin stochastic-2025"
    assert str(draft.order()) == "pulses on virtual: twin stochastic-2025"
    assert draft.order().rehearsal("x")[:3] == ("pulses", "--twin", "stochastic-2025")
    assert draft.choices.twin is not None
    assert draft.choices.twin.path in draft.files
    assert make(bench="lab16", twin=named("chips", "nw16")).order().line == "nwlab run pulses --bench lab16 --twin nw16"


def test_a_twin_of_another_chip_is_told_at_its_field(make: Make) -> None:
    fault = make(twin=named("chips", "nw16")).file_faults["twin"]
    assert fault.startswith("nw16 has the terminals 1, 2, 3")
    assert fault.endswith("a twin of this chip has A, B, in this order")


def test_a_protocol_that_asks_a_twin_says_so(make: Make) -> None:
    assert make("program-twin").complaint() == "this protocol asks a twin: choose the model of this chip"
    assert make("program-twin", twin=named("chips", "stochastic-2025")).complaint() == ""

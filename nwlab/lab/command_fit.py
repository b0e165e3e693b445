"""`nwlab fit`: from recordings to a chip file."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from nwlab.analysis.chip_writer import chip_text
from nwlab.analysis.fit import Estimate, Fit, four_places
from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.readers import read_recording
from nwlab.core.errors import StorageError, UsageError
from nwlab.core.units import show
from nwlab.model.chip_file import parse_chip
from nwlab.plot import fit_picture
from nwlab.runs.appender import replace_text


def main(options: argparse.Namespace) -> int:
    """Fit a law to recordings, write the chip file and a picture beside it, and tell what was found."""
    chip = _path(options.output)
    recordings = [read_recording(path) for path in options.runs]
    asked = FitOptions(options.source, options.sink, options.map, dict(options.set), options.seed)
    _check_place(chip)
    fit = fit_law(options.law, recordings, asked)
    text = chip_text(chip.stem, fit, recordings)
    parse_chip(text, chip)
    _write(chip, text)
    picture = _draw(fit, chip) if options.picture else None
    print(
        json.dumps(_plain(_content(fit, chip, picture)), allow_nan=False)
        if options.json
        else "\n".join(_lines(fit, chip, picture))
    )
    return 0


def _path(output: str) -> Path:
    path = Path(output)
    if path.suffix != ".toml":
        raise UsageError(f"a chip file is called NAME.toml, not {output!r}")
    return path


def _check_place(path: Path) -> None:
    """See that the chip file can be written, before minutes of work; an earlier one is only opened."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("ab").close()
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}; nothing was fitted. Name another place with -o"
        ) from error


def _write(path: Path, text: str) -> None:
    """Replace the chip file whole; where that fails, what took minutes to find is at least told."""
    try:
        replace_text(path, text)
    except OSError as error:
        print(text, file=sys.stderr)
        earlier = "the earlier file is untouched" if path.exists() else "there is no such file now"
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}; {earlier}. What was found stands above as the text "
            "of a chip file: copy it to another place"
        ) from error


def _draw(fit: Fit, chip: Path) -> Path:
    try:
        return fit_picture.draw(fit, chip.with_suffix(".png"), chip.stem)
    except StorageError as error:
        error.add_note(f"only the picture is missing: what was found stands in {chip}")
        raise


def _content(fit: Fit, chip: Path, picture: Path | None) -> dict[str, Any]:
    return {
        "path": str(chip),
        "law": fit.law,
        "parameters": {name: each.value for name, each in fit.parameters.items()},
        "errors": {name: each.sd for name, each in fit.parameters.items()},
        "units": {name: each.unit for name, each in fit.parameters.items()},
        "rmse": fit.rmse,
        "r2": fit.r2,
        **({} if fit.course is None else {"course_rmse": fit.course_rmse, "course_r2": fit.course_r2}),
        "remarks": list(fit.remarks),
        "pictures": [str(picture)] if picture else [],
        **fit.extra,
    }


def _plain(value: Any) -> Any:
    """JSON has neither infinity nor NaN: both mean that there is no such number, wherever it stands."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(fit: Fit, chip: Path, picture: Path | None) -> list[str]:
    width = max(map(len, fit.parameters))
    lines = [f"{name:<{width}}  {_told(each)}" for name, each in fit.parameters.items()]
    lines += [
        "",
        *_goodness(fit),
        *(f"note:     {remark}" for remark in fit.remarks),
        f"chip:     {chip}",
    ]
    return [*lines, f"picture:  {picture}"] if picture else lines


def _goodness(fit: Fit) -> list[str]:
    """Say what is left over; a fit that follows readings is good one ahead, as a random walk would be."""
    if fit.course is None:
        return [_left(fit.rmse, fit.r2_text)]
    course = "" if fit.falls_short else four_places(fit.course_r2)
    return [
        f"{_left(fit.rmse, fit.r2_text)}, one reading ahead",
        f"{_left(fit.course_rmse, course)}, of the law's own course from the first reading on, without chance",
    ]


def _left(rmse: float, r2: str) -> str:
    return f"rmse, r2: {show(rmse, 'S')}, {r2}" if r2 else f"rmse:     {show(rmse, 'S')}"


def _told(estimate: Estimate) -> str:
    """A number to two digits of its error."""
    value, sd, unit = estimate.value, estimate.sd, "" if estimate.unit == "1" else f" {estimate.unit}"
    if math.isnan(sd):
        return f"{value:.6g}{unit} (not fitted)"
    if math.isinf(sd):
        return f"{value:.6g}{unit} (chosen: the record does not tell)"
    digits = 6 if sd == 0 or value == 0 else min(max(2 + math.floor(math.log10(abs(value)) - math.log10(sd)), 2), 9)
    return f"{value:.{digits}g} ± {sd:.2g}{unit}"

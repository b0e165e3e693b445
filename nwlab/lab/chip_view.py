"""What a chip file describes, in words and as a picture."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from nwlab.core.units import show
from nwlab.model.chip_file import ChipFile
from nwlab.model.chips.network import NetworkChip
from nwlab.model.network_film import NetworkFilm
from nwlab.model.networks.statistics import Statistics


def facts(chip: ChipFile) -> dict[str, Any]:
    """Return what a script wants to know of a chip; conductances in S between each terminal and all others tied."""
    found: dict[str, Any] = {
        "chip": chip.name,
        "about": chip.about,
        "path": str(chip.path),
        "kind": chip.kind,
        "terminals": list(chip.terminals),
        "limits": {"voltage": chip.limits.voltage, "current": chip.limits.current},
        "seed": chip.seed,
    }
    film = chip.film(noise=False)
    if isinstance(chip.matter, NetworkChip) and isinstance(film, NetworkFilm):
        found["law"] = chip.matter.law.name
        found["statistics"] = _numbers(chip.matter.statistics)
        found["conductance"] = dict(zip(chip.terminals, np.diag(film.matrix()).tolist(), strict=True))
        found["not_connected"] = not_connected(chip.terminals, film)
    return found


def lines(chip: ChipFile) -> list[str]:
    """Return the same for people."""
    film = chip.film(noise=False)
    told = [
        f"chip:        {chip.name}: {chip.about}",
        f"file:        {chip.path}",
        f"kind:        {chip.kind}",
        f"terminals:   {', '.join(chip.terminals)}",
        f"limits:      {show(chip.limits.voltage, 'V')}, {show(chip.limits.current, 'A')}",
    ]
    if isinstance(chip.matter, NetworkChip) and isinstance(film, NetworkFilm):
        own = np.diag(film.matrix())
        told.append(f"law:         {chip.matter.law.name}: {chip.matter.law.about}")
        told += [f"network:     {line}" for line in chip.matter.statistics.lines()]
        told.append(
            f"conductance: {show(own.min(), 'S')} to {show(own.max(), 'S')} from a terminal to all others, fresh"
        )
        told += [f"note:        {line}" for line in not_connected(chip.terminals, film)]
    return told


def _numbers(statistics: Statistics) -> dict[str, Any]:
    found = {field.name: getattr(statistics, field.name) for field in fields(statistics)}
    return {**found, "degree": statistics.degree.tolist(), "mean_degree": statistics.mean_degree}


def not_connected(terminals: tuple[str, ...], film: NetworkFilm) -> list[str]:
    """Return a sentence for each group of terminals that no junction joins with the others."""
    part = film.body.part
    groups = [[name for name, mine in zip(terminals, part, strict=True) if mine == label] for label in np.unique(part)]
    if len(groups) == 1:
        return []
    return [f"{', '.join(group)}: no path to the other terminals; reads as open against them" for group in groups]


def picture(chip: ChipFile, path: str | Path) -> Path | None:
    """Draw the network of a chip; None when it has none."""
    from nwlab.plot.network_picture import NetworkView, network

    matter = chip.matter
    if not isinstance(matter, NetworkChip):
        return None
    drawn, radius = matter.network, np.array([pad.radius for pad in matter.pads])
    title = f"{chip.name}: {drawn.nodes} nodes, {len(drawn.junctions)} junctions"
    view = NetworkView(title, drawn.extent, drawn.junctions, matter.fresh(), chip.terminals, matter.places, radius)
    return network(view, path)

"""What the window says about how a run stands, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from shlex import quote
from typing import Any

from nwlab.core.units import duration, show
from nwlab.live.run.condition import Condition, Stage
from nwlab.live.run.disk import Disk
from nwlab.live.run.safety import Safety
from nwlab.live.scene.scene import Progress, Scene

_QUIET = 2.0  # s without a block after which it is worth telling
_DEAF = 5.0  # s after which a request that nobody took is worth telling
_OFF_BY_HAND = "The chip may still be driven: switch the instruments off by hand before you touch it."


class Mood(Enum):
    """How much a thing matters; decides about its colour."""

    PLAIN = "plain"
    GOOD = "good"
    NOTE = "note"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Told:
    """Something that is told, and a command that helps, where one does."""

    mood: Mood
    text: str
    command: str = ""


def headline(condition: Condition) -> Told:
    """Return how a run stands, in a word or two."""
    match condition.stage:
        case Stage.OVER:
            return Told(_MOODS[condition.status], condition.status)
        case Stage.LOST:
            return Told(Mood.ALARM, "cut off")
        case Stage.RUNNING:
            return Told(Mood.GOOD, "running")
        case Stage.WAITING:
            return Told(Mood.PLAIN, condition.stage.value)
        case _:
            ellipsis = "" if condition.stage is Stage.PAUSED else "…"
            return Told(Mood.NOTE, condition.stage.value + ellipsis)


_MOODS = {"finished": Mood.GOOD, "interrupted": Mood.NOTE, "failed": Mood.ALARM}


def notices(condition: Condition, scene: Scene, manifest: Mapping[str, Any], folder: Path) -> list[Told]:
    """Return what must not be overlooked, the gravest first."""
    found = [*_of_safety(condition, manifest), *_of_end(condition, scene, folder), *_of_watching(condition)]
    if condition.stage is Stage.LOST and manifest.get("opened"):
        text = "It can go on where it ended, in a new folder: what is here, the gap, and the rest."
        found.append(Told(Mood.NOTE, text, f"nwlab run --resume {quote(str(folder))}"))
    return sorted(found, key=lambda told: told.mood is not Mood.ALARM)


def _of_safety(condition: Condition, manifest: Mapping[str, Any]) -> Iterator[Told]:
    verdict = condition.verdict
    if verdict is None:
        return
    if verdict.safety is Safety.NOT_CONFIRMED:
        bench = _bench(manifest)
        command = f"nwlab bench safe {quote(bench)}" if bench else ""
        yield Told(Mood.ALARM, f"Safe state NOT confirmed: {verdict.text}. {_OFF_BY_HAND}", command)
    elif verdict.safety is Safety.UNTOUCHED:
        yield Told(Mood.NOTE, f"Not made safe, since somebody else drives it: {verdict.text}.")
    elif condition.status != "finished":
        text = f": {verdict.text}" if verdict.text else ""
        yield Told(Mood.GOOD, f"{_capital(verdict.safety.value)}{text}.")


def _of_end(condition: Condition, scene: Scene, folder: Path) -> Iterator[Told]:
    if condition.stage is Stage.LOST:
        reason = f" ({condition.reason})" if condition.reason else ""
        damage = f" What follows is damaged: {condition.damage}." if condition.damage else ""
        yield Told(
            Mood.ALARM,
            "The program that played this run ended without a word: killed, crashed, or the computer went "
            f"down{reason}. Recovered and shown here: {counted(scene.progress)}, up to {_span(scene.progress.done)} on "
            f"the chip; the last came {of_silence(condition).text}.{damage}",
            f"nwlab recover {quote(str(folder))}",
        )
    elif condition.stage is Stage.OVER and condition.status != "finished" and not _is_unsafe(condition):
        reason = condition.reason or "no reason is on record"
        yield Told(_MOODS[condition.status], f"{_capital(condition.status)}: {reason}.")


def _is_unsafe(condition: Condition) -> bool:
    """Whether the safe state is told already, with the same words that are the reason of such an end."""
    return condition.verdict is not None and condition.verdict.safety is Safety.NOT_CONFIRMED


def _of_watching(condition: Condition) -> Iterator[Told]:
    if condition.share < 1.0:
        yield Told(Mood.NOTE, f"Catching up with what was measured: {100 * condition.share:.0f} % read.")
    if condition.damage and condition.stage is not Stage.LOST:
        yield Told(Mood.ALARM, f"The rest of the record cannot be read here: {condition.damage}.")
    if condition.trouble:
        yield Told(Mood.ALARM, f"{_capital(condition.trouble)}.")
    if condition.asked is not None and condition.asked > _DEAF and condition.stage.is_played:
        yield Told(
            Mood.ALARM,
            f"The run has not taken the request for {duration(round(condition.asked))}: it is busy within one block, "
            "or hangs. Ctrl-C twice in its terminal ends it at once.",
        )
    if condition.disk is not None and condition.disk.is_short and condition.stage.is_played:
        yield Told(Mood.ALARM, f"The disk is nearly full: {of_disk(condition.disk)}.")


def counted(progress: Progress) -> str:
    """Return how much was measured."""
    return f"{_many(progress.samples, 'sample')} of {_many(progress.drives, 'drive')}"


def of_disk(disk: Disk) -> str:
    """Return how much room there is, and how much the rest of the run needs."""
    free = f"{show(disk.free, 'B', 3)} free"
    is_plenty = disk.needed is None or disk.needed < 0.01 * disk.free
    return free if is_plenty else f"{free}, the rest of the run needs {show(disk.needed or 0.0, 'B', 3)}"


def of_silence(condition: Condition) -> Told:
    """Return how long ago a block came; long silence is normal within a long block, and worth a look."""
    if condition.silent is None:
        return Told(Mood.PLAIN, "none yet")
    is_long = condition.silent > _QUIET and condition.stage is Stage.RUNNING
    return Told(Mood.NOTE if is_long else Mood.PLAIN, f"{_span(condition.silent)} ago")


def of_time(condition: Condition, progress: Progress) -> str:
    """Return how long the run will take, and how much chip time it has behind it."""
    left = "" if condition.left is None else f"{duration(max(1, round(condition.left)))} left: "
    whole = f" of {_span(progress.duration)}" if progress.duration else ""
    return f"{left}{_span(progress.done)}{whole}"


def _span(seconds: float) -> str:
    """Write a time that changes many times a second so that it can be read."""
    return f"{seconds:.1f} s" if seconds < 60 else duration(round(seconds))


def _bench(manifest: Mapping[str, Any]) -> str:
    opened = manifest.get("opened")
    bench = opened.get("bench") if isinstance(opened, dict) else None
    return bench if isinstance(bench, str) and not bench.startswith("tcp://") else ""


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

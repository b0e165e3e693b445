"""`nwlab sweep`: one protocol over many chips, parameters and seeds, into one table."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nwlab.runs.interrupts import interrupts, shielded

if TYPE_CHECKING:
    from nwlab.lab.sweep.book import Book
    from nwlab.lab.sweep.executor import Executor

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(options: argparse.Namespace) -> int:
    """Sweep, and print where the table is; the exit code is that of the first point that was not played to its end."""
    _one_thread_each()
    from nwlab.lab.running import versions
    from nwlab.lab.sweep.asking import ask
    from nwlab.lab.sweep.book import Book
    from nwlab.lab.sweep.executor import executor

    order = ask(
        options.protocol,
        options.chip or [],
        dict(options.set),
        options.vary,
        seed=options.seed,
        seeds=options.seeds,
        twin=options.twin,
        twin_filter=options.twin_filter,
        bench=options.bench,
    )
    name = f"sweep-{Path(order.protocol.path).stem}-{order.digest[:8]}"
    folder = Path("runs") / name if options.out is None else Path(options.out)
    with interrupts(), closing(executor(options.executor)) as workers:
        book = Book(folder, order, versions())
        try:
            _play(book, workers)
        except BaseException as error:
            error.add_note(f"{len(book.rows)} of {order.points} points are kept in {folder}; the same command goes on")
            _close(book, error)
            raise
        book.close()
    return _report(book, as_json=options.json)


def _one_thread_each() -> None:
    """Have each worker use one thread for its algebra: there is a worker for each processor, and sums stay in order.

    It has to be said before NumPy is loaded.
    """
    for name in _THREADS:
        os.environ.setdefault(name, "1")


def _play(book: Book, workers: Executor) -> None:
    from nwlab.lab.sweep.progress import SweepProgress
    from nwlab.lab.sweep.sweep import play_missing

    if book.damaged:
        print(f"nwlab: {book.damaged} damaged lines are played again", file=sys.stderr)
    if book.failed:
        print(f"nwlab: playing again {_points(book.failed)} that failed before", file=sys.stderr)
    if not book.missing:
        return
    progress = SweepProgress(book.order.points, len(book.rows))
    try:
        play_missing(book.order, book, workers, progress.show)
    finally:
        progress.end(len(book.rows))


def _close(book: Book, error: BaseException) -> None:
    """Keep what there is, whatever is pressed meanwhile; what fails then does not hide why the sweep ended."""
    try:
        with shielded():
            book.close()
    except Exception as second:
        error.add_note(f"moreover: {second}")


def _report(book: Book, *, as_json: bool) -> int:
    rows = [book.rows[number] for number in sorted(book.rows)]
    short = [row for row in rows if row["status"] != "played"]
    exit_code = int(short[0]["exit"]) if short else 0
    if short:
        print(f"nwlab: {_told(short, len(rows))}", file=sys.stderr)
    content = {"table": str(book.table), "points": len(rows), "not_played": len(short), "exit": exit_code}
    print(json.dumps(content) if as_json else f"points: {len(rows)}\ntable:  {book.table}")
    return exit_code


def _told(short: list[dict[str, Any]], points: int) -> str:
    from nwlab.lab.sweep.point import FAILED

    first, failed = short[0], sum(row["status"] == FAILED for row in short)
    return (
        f"{len(short)} of {points} points were not played to their end; the reasons stand in the table. The first is "
        f"point {first['point']}: {first['reason']}"
        f"{f'. The same command plays {_points(failed)} again that failed' if failed else ''}"
    )


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"

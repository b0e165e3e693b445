"""What reaches the instruments of a served bench, whoever sent it."""

from __future__ import annotations

from collections.abc import Callable

from nwlab.lab.serving import ServedBench


class Heard(dict[str, list[str]]):
    """Messages by model, from now on."""

    def __init__(self, served: ServedBench) -> None:
        super().__init__()
        for instrument in served._site.table.instruments.values():
            self[instrument.model] = []
            instrument.receive = self._noting(instrument.model, instrument.receive)  # type: ignore[method-assign]

    @property
    def acts(self) -> list[str]:
        """Whatever was told that is no question."""
        return [line for lines in self.values() for line in lines if not line.startswith(("print(", "*IDN?"))]

    def clear_all(self) -> None:
        """Forget what was heard so far."""
        for lines in self.values():
            lines.clear()

    def _noting(self, model: str, receive: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def noting(data: bytes) -> None:
            self[model] += data.decode("latin-1").splitlines()
            receive(data)

        return noting

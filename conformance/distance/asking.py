"""A session that answers nothing of the code under test yet: it notes what is asked, for another machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.distance.questions import Questions
from impls.devices import HOST
from impls.session import Answer, Deferred, Session, TargetError, WorkerFailure
from impls.worker.wire import Buffer

OF_THE_CODE = frozenset(
    {
        "describe",
        "describe_schedule",
        "drive_schedule",
        "evaluate",
        "hello",
        "offers",
        "probe",
        "schedule",
        "schedule_optax",
        "signature",
        "step_place",
        "takes_complex",
        "takes_tensor",
        "tries",
    }
)
"""Questions that are answered here too, where that can be: what the code is decides what is asked of it."""


class AskingSession(Session):
    """Notes every question; while it is ``deciding`` which cases there are a worker here answers as well.

    What is answered on the device may differ: then what was not asked is left open, and asked in a further kit.
    """

    live = False

    def __init__(self, questions: Questions, here: Session) -> None:
        super().__init__()
        self.questions, self.here = questions, here
        self.deciding = False

    @property
    def companion(self) -> Session:
        """The second of two workers is asked in the same kit."""
        return self

    def request(self, header: dict[str, Any], buffers: Iterable[Buffer] = ()) -> Answer:
        """Note a question; raises ``Deferred`` unless it is answered here too."""
        given = list(buffers)
        self.questions.add(header, given)
        if header["op"] == "compiles":
            return Answer({"reason": ""}, [])
        if not self.deciding and header["op"] not in OF_THE_CODE:
            raise Deferred(header["op"])
        return self._here(header, given)

    def _here(self, header: dict[str, Any], buffers: list[Buffer]) -> Answer:
        """Return what a worker here says on the host, as far as that tells of the device."""
        device = header.get("device", HOST)
        try:
            answer = self.here.request({**header, "device": HOST} if device != HOST else header, buffers)
        except (TargetError, WorkerFailure):
            if header["op"] == "hello":
                return Answer({"torch": "", "devices": [HOST]}, [])
            if header["op"] == "probe":
                return Answer({"version": "", "reason": ""}, [])
            raise Deferred(header["op"]) from None
        if header["op"] == "offers" and device != HOST:
            answer.header["capturable"] = ""  # a step that is captured needs such a device
        return answer

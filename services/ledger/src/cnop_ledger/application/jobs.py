"""A command on its way through the ledger, and where its caller waits for the answer."""

import asyncio
from contextvars import copy_context
from typing import TypeAlias

from cnop_core.ids import TransactionId
from cnop_ledger.application.commands import Command, Outcome
from cnop_ledger.application.keys import answer_key, idempotency_ref
from cnop_platform.store import Key

Result: TypeAlias = Outcome | Exception


class Job:
    """One command, the id that its entry will have, and its caller's future."""

    def __init__(self, command: Command, *, transaction_id: TransactionId, answer: asyncio.Future[Outcome]) -> None:
        self.command = command
        self.transaction_id = transaction_id
        self.answer = answer
        self.context = copy_context()
        """The caller's request and trace, in which the store is called."""
        self.started = False
        self.alone = False
        """Set once the job made a group fail; it is then tried by itself."""
        promise = command.idempotency
        self.ref = idempotency_ref(promise.operation, promise.key) if promise else None
        self.answer_key = answer_key(command.user_id, self.ref) if self.ref else None
        self.reads: tuple[Key, ...] = (*command.reads, self.answer_key) if self.answer_key else command.reads
        """The items beside the wallet that its decision depends on."""

    def settle(self, result: Result) -> None:
        """Give the caller its answer or exception, unless it no longer waits."""
        if self.answer.done():
            return
        if isinstance(result, Outcome):
            self.answer.set_result(result)
        else:
            self.answer.set_exception(result)

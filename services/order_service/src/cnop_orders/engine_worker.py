"""Builds the order engine; apart from the service's bootstrap, since a worker does without the web framework."""

from dataclasses import asdict
from typing import Final
from uuid import uuid4

from cnop_ledger import Ledger
from cnop_orders.adapters.worker import LEASE_NAME, EngineWorker
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.engine import Engine
from cnop_orders.settings import EngineSettings
from cnop_platform.audit.sealer import Sealer
from cnop_platform.catalogue import Catalogue
from cnop_platform.chores import background
from cnop_platform.infrastructure import infrastructure
from cnop_platform.lease import Lease
from cnop_platform.log import configure_logging
from cnop_platform.metrics import published_counters
from cnop_platform.prices import PriceBoard
from cnop_platform.process import read_settings, run_worker
from cnop_platform.system import entropy as system_entropy
from cnop_platform.wakeups import WalletBell

ENGINE_NAME: Final = "order_engine"


async def engine(settings: EngineSettings) -> None:
    """Run the engine until cancelled."""
    async with infrastructure(settings) as base:
        board = PriceBoard(store=base.store, cache=base.cache, clock=base.clock)
        bell = WalletBell(base.cache)
        sealer = Sealer(
            store=base.store, key=settings.audit_key.get_secret_value(), service=ENGINE_NAME, clock=base.clock
        )
        ledger = Ledger(base.store, settings.chain_keys, clock=base.clock, entropy=system_entropy, witness=sealer.note)
        lease = Lease(base.cache, name=LEASE_NAME, holder=str(uuid4()))
        worker = EngineWorker(
            engine=Engine(
                store=base.store,
                codec=OrderCodec(settings.chain_keys),
                ledger=ledger,
                catalogue=Catalogue(store=base.store, clock=base.clock),
                board=board,
                terms=settings.terms,
                clock=base.clock,
                entropy=system_entropy,
                ring=bell.ring,
            ),
            board=board,
            lease=lease,
        )
        try:
            with published_counters("cnop_ledger", lambda: asdict(ledger.stats)):
                async with background([board.run, bell.run, lease.run, sealer.run]):
                    await worker.run()
        finally:
            await ledger.close()
            await sealer.seal()


def main() -> None:
    """Run the engine until told to stop."""
    settings = read_settings(EngineSettings)
    configure_logging(service=ENGINE_NAME, level=settings.log_level)
    run_worker(lambda: engine(settings), host=settings.host, port=settings.metrics_port)

"""What moves cash and shows what people hold."""

from functools import cached_property

from cnop_ledger import Ledger, LedgerReader
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.system import entropy
from cnop_users.application.cash import CashDesk
from cnop_users.application.holding import AssetHoldings
from cnop_users.bootstrap.foundation import Foundation


class Wallets(Foundation):
    """Makes each object once, when it is first needed."""

    @cached_property
    def ledger(self) -> Ledger:
        """Moves money."""
        return Ledger(
            self._store,
            self._settings.chain_keys,
            clock=self._clock,
            entropy=entropy,
            witness=self._runtime.sealer.note,
        )

    @cached_property
    def reader(self) -> LedgerReader:
        """Reads wallets."""
        return LedgerReader(self._store, self._settings.chain_keys)

    @cached_property
    def cash_desk(self) -> CashDesk:
        """Moves cash in and out."""
        return CashDesk(
            ledger=self.ledger,
            reader=self.reader,
            accounts=self.accounts,
            terms=self._settings.cash_terms,
            clock=self._clock,
            ring=self.bell.ring,
        )

    @cached_property
    def holdings(self) -> AssetHoldings:
        """Shows single holdings."""
        board = PriceBoard(store=self._store, cache=self._cache, clock=self._clock)
        catalogue = Catalogue(store=self._store, clock=self._clock)
        return AssetHoldings(reader=self.reader, catalogue=catalogue, board=board)

"""The assets of a new installation."""

from typing import Final

from cnop_inventory.domain.assets import AssetDraft

_CHEAP_MAX: Final = "1000000"

DEFAULT_ASSETS: Final = (
    AssetDraft(
        asset_id="BTC",
        name="Bitcoin",
        category="layer-1",
        description="The first cryptocurrency: scarce digital money that settles on its own proof-of-work chain.",
        rank=1,
    ),
    AssetDraft(
        asset_id="ETH",
        name="Ethereum",
        category="layer-1",
        description="The fuel of the most widely used smart contract platform, secured by proof of stake.",
        rank=2,
    ),
    AssetDraft(
        asset_id="XRP",
        name="XRP",
        category="payments",
        description="The native asset of the XRP Ledger, made for fast settlement of cross-border payments.",
        scale=6,
        max_quantity=_CHEAP_MAX,
        rank=3,
    ),
    AssetDraft(
        asset_id="BNB",
        name="BNB",
        category="layer-1",
        description="Pays the fees of BNB Chain, a smart contract platform with a small set of validators.",
        rank=4,
    ),
    AssetDraft(
        asset_id="SOL",
        name="Solana",
        category="layer-1",
        description="A smart contract chain that orders transactions by a verifiable clock to reach high throughput.",
        rank=5,
    ),
    AssetDraft(
        asset_id="DOGE",
        name="Dogecoin",
        category="meme",
        description="Began as a joke about a dog and became a widely held coin for tips and small payments.",
        max_quantity=_CHEAP_MAX,
        rank=6,
    ),
    AssetDraft(
        asset_id="ADA",
        name="Cardano",
        category="layer-1",
        description="A proof-of-stake chain whose protocol grows out of peer-reviewed research.",
        scale=6,
        max_quantity=_CHEAP_MAX,
        rank=7,
    ),
    AssetDraft(
        asset_id="LINK",
        name="Chainlink",
        category="infrastructure",
        description="Rewards the operators of oracles that bring outside data to smart contracts.",
        rank=8,
    ),
    AssetDraft(
        asset_id="BCH",
        name="Bitcoin Cash",
        category="payments",
        description="A fork of Bitcoin with larger blocks, meant for everyday payments at low fees.",
        rank=9,
    ),
    AssetDraft(
        asset_id="AVAX",
        name="Avalanche",
        category="layer-1",
        description="Secures a platform on which many custom chains share one family of consensus protocols.",
        rank=10,
    ),
    AssetDraft(
        asset_id="XLM",
        name="Stellar",
        category="payments",
        description="Bridges currencies on an open network for remittances and tokenised money.",
        scale=7,
        max_quantity=_CHEAP_MAX,
        rank=11,
    ),
    AssetDraft(
        asset_id="LTC",
        name="Litecoin",
        category="payments",
        description="An early relative of Bitcoin with faster blocks and a different mining algorithm.",
        rank=12,
    ),
    AssetDraft(
        asset_id="DOT",
        name="Polkadot",
        category="infrastructure",
        description="Joins independent chains under shared security and lets them exchange messages.",
        rank=13,
    ),
    AssetDraft(
        asset_id="UNI",
        name="Uniswap",
        category="defi",
        description="Governs a family of automated market makers on which anyone can trade tokens.",
        rank=14,
    ),
    AssetDraft(
        asset_id="AAVE",
        name="Aave",
        category="defi",
        description="Governs a market in which people lend and borrow crypto assets against collateral.",
        rank=15,
    ),
    AssetDraft(
        asset_id="ATOM",
        name="Cosmos Hub",
        category="infrastructure",
        description="Stakes the hub of a network of sovereign chains that talk over a common protocol.",
        scale=6,
        rank=16,
    ),
)
"""Ranks order the list for people who see it for the first time; they are not a statement about any market."""

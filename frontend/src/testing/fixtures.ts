import type { Asset, Balance, CashLimits, Order, Portfolio } from '@/shared/api/types';

const MOMENT = '2026-01-15T10:00:00.000Z';

export function makeAsset(change: Partial<Asset> = {}): Asset {
  return {
    asset_id: 'BTC',
    name: 'Bitcoin',
    symbol: change.asset_id ?? 'BTC',
    description: '',
    image: '',
    category: 'major',
    price_usd: 64123.45,
    is_active: true,
    availability_status: 'available',
    scale: 8,
    min_quantity: '0.001',
    max_quantity: '1000',
    last_updated: MOMENT,
    market_cap: 1.2e12,
    market_cap_rank: 1,
    total_volume_24h: 3.1e10,
    price_change_24h: 100,
    price_change_percentage_24h: 1.25,
    price_change_percentage_7d: null,
    price_change_percentage_30d: null,
    high_24h: 65000,
    low_24h: 63000,
    circulating_supply: null,
    total_supply: null,
    max_supply: null,
    ath: null,
    ath_change_percentage: null,
    ath_date: null,
    atl: null,
    atl_change_percentage: null,
    atl_date: null,
    ...change,
  };
}

export const makeBalance = (change: Partial<Balance> = {}): Balance => ({
  current_balance: '1000.00',
  available_balance: '1000.00',
  held_balance: '0.00',
  currency: 'USD',
  updated_at: MOMENT,
  ...change,
});

export const makeLimits = (change: Partial<CashLimits> = {}): CashLimits => ({
  most_at_once: '1000000.00',
  deposits_per_day: '10000.00',
  deposits_left: '10000.00',
  withdrawals_per_day: '5000.00',
  withdrawals_left: '5000.00',
  withdrawal_step_up_above: '1000.00',
  resets_at: '2026-01-16T00:00:00.000Z',
  ...change,
});

export const makePortfolio = (change: Partial<Portfolio> = {}): Portfolio => ({
  username: 'ada_lovelace',
  usd_balance: '1000.00',
  total_asset_value: '0.00',
  total_portfolio_value: '1000.00',
  asset_count: 0,
  assets: [],
  as_of: MOMENT,
  ...change,
});

export const makeOrder = (change: Partial<Order> = {}): Order => ({
  order_id: 'ord_01KD0000000000000000000001',
  order_type: 'market_buy',
  asset_id: 'BTC',
  quantity: '0.01000000',
  price: '64123.45000000',
  status: 'completed',
  time_in_force: null,
  limit_price: null,
  executed_price: '64123.45000000',
  total_amount: '641.24',
  fee: '0.65',
  client_order_id: null,
  created_at: MOMENT,
  updated_at: MOMENT,
  completed_at: MOMENT,
  expires_at: null,
  ...change,
});

export const ASSETS_KEY = ['assets'] as const;

/** Query keys, all in one place so that whoever changes money knows what to invalidate. */
export const keys = {
  assets: ASSETS_KEY,
  candles: (assetId: string, interval: string) => ['candles', assetId, interval],
  account: ['account'],
  balance: ['account', 'balance'],
  portfolio: ['account', 'portfolio'],
  orders: ['account', 'orders'],
  cashTransactions: ['account', 'cash-transactions'],
  assetTransactions: (assetId: string) => ['account', 'asset-transactions', assetId],
} as const;

export const ASSETS_KEY = ['assets'] as const;

/** Query keys, all in one place so that whoever changes money knows what to invalidate. */
export const keys = {
  assets: ASSETS_KEY,
  candles: (assetId: string, interval: string) => ['candles', assetId, interval],
  account: ['account'],
  /** What belongs to the person who is signed in, and goes with them. */
  personal: [['account'], ['account-history'], ['security'], ['operator'], ['order-preview']],
  orderQuote: (question: string | null) => ['order-preview', 'ticket', question],
  balance: ['account', 'balance'],
  cashLimits: ['account', 'cash-limits'],
  portfolio: ['account', 'portfolio'],
  /** Apart from the account: a chart need not be drawn anew at every trade. */
  history: (period: string) => ['account-history', period],
  orders: ['account', 'orders'],
  openOrders: ['account', 'orders', 'open'],
  cashTransactions: (filter: object) => ['account', 'cash-transactions', filter],
  assetTransactions: (assetId: string, filter: object) => ['account', 'asset-transactions', assetId, filter],
  security: ['security'],
  factors: ['security', 'factors'],
  profile: ['security', 'profile'],
  passkeys: ['security', 'passkeys'],
  sessions: ['security', 'sessions'],
  securityEvents: ['security', 'events'],
  operator: ['operator'],
  providers: ['providers'],
  identities: ['security', 'identities'],
} as const;

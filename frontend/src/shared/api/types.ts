import type { paths } from './schema.gen';

type Json<Operation, Status extends number> = Operation extends {
  responses: Record<Status, { content: { 'application/json': infer Body } }>;
}
  ? Body
  : never;

type JsonRequest<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never;

export type AssetPage = Json<paths['/api/v1/inventory/assets']['get'], 200>;
export type Asset = AssetPage['data'][number];
export type Candle = Json<paths['/api/v1/inventory/assets/{asset_id}/prices']['get'], 200>['data'][number];

export type Balance = Json<paths['/api/v1/balance']['get'], 200>;
export type CashLimits = Json<paths['/api/v1/balance/limits']['get'], 200>;
export type CashTransactionPage = Json<paths['/api/v1/balance/transactions']['get'], 200>;
export type CashTransaction = CashTransactionPage['transactions'][number];

export type Portfolio = Json<paths['/api/v1/portfolio']['get'], 200>;
export type Position = Portfolio['assets'][number];

export type History = Json<paths['/api/v1/portfolio/history']['get'], 200>;
export type HistoryPeriod = NonNullable<NonNullable<paths['/api/v1/portfolio/history']['get']['parameters']['query']>['period']>;

export type OrderPage = Json<paths['/api/v1/orders']['get'], 200>;
export type Order = OrderPage['data'][number];
export type OrderType = JsonRequest<paths['/api/v1/orders']['post']>['order_type'];
export type PlaceOrder = JsonRequest<paths['/api/v1/orders']['post']>;
export type OrderPreview = Json<paths['/api/v1/orders/preview']['post'], 200>['data'];

export type AssetTransactionPage = Json<paths['/api/v1/assets/{asset_id}/transactions']['get'], 200>;
export type AssetTransaction = AssetTransactionPage['data'][number];

export type Registration = JsonRequest<paths['/api/v1/auth/register']['post']>;

export type Tokens = Json<paths['/api/v1/auth/login']['post'], 200>;
export type Profile = Json<paths['/api/v1/auth/profile']['get'], 200>;
export type Factors = Json<paths['/api/v1/auth/mfa']['get'], 200>;
export type Enrolment = Json<paths['/api/v1/auth/mfa/totp']['post'], 200>;
export type Passkey = Json<paths['/api/v1/auth/passkeys']['get'], 200>['data'][number];
export type StepUpProof = JsonRequest<paths['/api/v1/auth/step-up']['post']>;
export type SignedInDevice = Json<paths['/api/v1/auth/sessions']['get'], 200>['data'][number];
export type SecurityEvent = Json<paths['/api/v1/auth/events']['get'], 200>['data'][number];

export type UserSummary = Json<paths['/api/v1/admin/users']['get'], 200>['data'][number];
export type Person = Json<paths['/api/v1/admin/users/{user_id}']['get'], 200>;
export type Role = JsonRequest<paths['/api/v1/admin/users/{user_id}/roles']['put']>['roles'][number];
export type PersonSession = Json<paths['/api/v1/admin/users/{user_id}/sessions']['get'], 200>['data'][number];
export type AssetCreation = JsonRequest<paths['/api/v1/inventory/assets']['post']>;
export type AssetPatch = JsonRequest<paths['/api/v1/inventory/assets/{asset_id}']['patch']>;
export type AuditChain = Json<paths['/api/v1/audit/chain']['get'], 200>;
export type AuditClass = NonNullable<NonNullable<paths['/api/v1/audit/events']['get']['parameters']['query']>['class']>;

/** Everybody who has something to do in the console. */
export const STAFF = ['support', 'auditor', 'admin'] as const;

/** The console's pages with the roles that may see them, as the API grants them. */
export const PLACES = [
  { to: '/operator/users', name: 'Users', roles: ['support', 'admin'] },
  { to: '/operator/orders', name: 'Orders', roles: ['support', 'admin'] },
  { to: '/operator/assets', name: 'Assets', roles: ['admin'] },
  { to: '/operator/audit', name: 'Audit', roles: ['auditor', 'admin'] },
  { to: '/operator/health', name: 'Health', roles: STAFF },
] as const;

export type Place = (typeof PLACES)[number];

export const placesFor = (roles: readonly string[]): readonly Place[] => PLACES.filter((place) => place.roles.some((role) => roles.includes(role)));

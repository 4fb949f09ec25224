const CATEGORY_NAMES: Readonly<Record<string, string>> = { defi: 'DeFi', nft: 'NFT' };

/** A category of assets as people read it: `layer-1` becomes `Layer 1`. */
export const categoryName = (category: string): string => CATEGORY_NAMES[category] ?? category.charAt(0).toUpperCase() + category.slice(1).replaceAll(/[_-]/g, ' ');

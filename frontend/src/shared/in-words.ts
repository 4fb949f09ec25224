/** An identifier such as `order_type` or `login.failed` as people read it: "Order type". */
export const inWords = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll(/[_.]/g, ' ');

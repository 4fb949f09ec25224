/** An identifier such as `order_type` or `login.failed` as people read it: "Order type". */
export const inWords = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll(/[_.]/g, ' ');

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;

/** How long to wait, never less than so many seconds: "12 seconds", "3 minutes", "2 hours". */
export function waitInWords(seconds: number): string {
  const [amount, unit] = seconds < 2 * MINUTE_S ? [seconds, 'second'] : seconds <= 2 * HOUR_S ? [seconds / MINUTE_S, 'minute'] : [seconds / HOUR_S, 'hour'];
  const whole = Math.ceil(amount);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

import { describe, expect, it } from 'vitest';
import { toCsv } from './csv';

describe('toCsv', () => {
  it('quotes what needs it', () => {
    expect(toCsv([['a', 'b,c', 'd"e', 'f\ng']])).toBe('a,"b,c","d""e","f\ng"\r\n');
  });

  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)'])('defuses %s', (formula) => {
    expect(toCsv([[formula]])).toBe(`'${formula}\r\n`);
  });

  it('leaves negative amounts alone', () => {
    expect(toCsv([['-40.00']])).toBe('-40.00\r\n');
  });
});

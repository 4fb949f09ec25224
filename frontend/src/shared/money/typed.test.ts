import { afterEach, describe, expect, it, vi } from 'vitest';
import { decimal, toText } from './decimal';
import { howToType, readTyped, typedFrom, typedText } from './typed';

const speak = (language: string) => vi.spyOn(navigator, 'language', 'get').mockReturnValue(language);
const read = (text: string) => {
  const value = readTyped(text);
  return value === null ? null : toText(value);
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an amount as it is typed or pasted', () => {
  it.each([
    ['0.25', '0.25'],
    [' 1,234.50 ', '1234.50'],
    ['1,234,567', '1234567'],
    ['\u00a012.5\u202f', '12.5'],
    ['$1,250', '1250'],
    ['$ 12', '12'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1', '-1'],
  ])('reads %j as %s', (text, amount) => {
    expect(read(text)).toBe(amount);
  });

  it.each(['', '.', '-', '0,5', '1,23', '12,34.5', '1,2345', '0,125', '1.2.3', '1 2', '1e3', '0x1', 'NaN', '٣', '1,234.5,6'])('reads %j as none', (text) => {
    expect(read(text)).toBeNull();
  });
});

describe('in a language with a decimal comma', () => {
  it.each([
    ['0,25', '0.25'],
    ['1.234,50', '1234.50'],
    ['1.234.567', '1234567'],
    ['12,50 $', '12.50'],
    ['0.01', '0.01'],
    ['0.125', '0.125'],
    ['1234.5', '1234.5'],
    ['1,234', '1.234'],
  ])('reads %j as %s', (text, amount) => {
    speak('de-DE');
    expect(read(text)).toBe(amount);
  });

  it.each(['1.234', '999.000', '1,234.50', '1,2,3'])('reads %j as none, as it could mean two amounts or is of another language', (text) => {
    speak('de-DE');
    expect(read(text)).toBeNull();
  });

  it('takes spaces of any width between thousands, where the language has them', () => {
    speak('fr-FR');
    expect(read('1\u202f234,5')).toBe('1234.5');
    expect(read('1 234,5')).toBe('1234.5');
    expect(read('12 34,5')).toBeNull();
  });

  it('fills in fields and gives examples in the same way', () => {
    speak('de-DE');
    expect(typedText(decimal('0.00779745'))).toBe('0,00779745');
    expect(typedFrom('60000.50000000')).toBe('60000,5');
    expect(howToType('0.25')).toBe('Use digits and a decimal comma, like 0,25.');
  });

  it('reads back whatever it fills in', () => {
    for (const language of ['en-US', 'de-DE', 'fr-FR', 'de-CH', 'hi-IN']) {
      speak(language);
      for (const amount of ['1.234', '1234', '0.001', '999.999', '1234567.891']) expect(read(typedText(decimal(amount)))).toBe(amount);
      vi.restoreAllMocks();
    }
  });
});

it('leaves a field empty where there is no amount', () => {
  expect(typedFrom(null)).toBe('');
});

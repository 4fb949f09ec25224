import { describe, expect, it } from 'vitest';
import { advise } from './password-advice';

const reasons = (password: string, personal: string[] = []) => advise(password, personal).reasons.join(' ');

describe('advise', () => {
  it('is content with several unrelated words', () => {
    expect(advise('walnut trumpet velocity 9', [])).toEqual({ score: 4, reasons: [] });
  });

  it('counts down to the least length', () => {
    expect(reasons('tiny')).toContain('10 to go');
  });

  it('counts characters and not UTF-16 units', () => {
    expect(reasons('🌵🌶🍄🍇🍉🍊🍋🍌🍍🍎🍏🍐🍑')).toContain('1 to go');
  });

  it.each([
    ['P@ssw0rd-P@ssw0rd', 'most common'],
    ['xQwErTyUiOpx-kahl', 'neighbours'],
    ['zzzzzzzzzzzzzzzzzz', 'Repetition'],
    ['kalikalikalikali', 'Repetition'],
  ])('says why %s is weak', (password, reason) => {
    expect(reasons(password)).toContain(reason);
  });

  it('is not impressed by a common word said twice', () => {
    expect(advise('passwordpassword', []).score).toBe(0);
  });

  it('recognises the username and parts of the email', () => {
    expect(reasons('velvet-marble-okonkwo', ['ada', 'okonkwo@example.com'])).toContain('username and email');
  });

  it('never praises what the server will refuse for its length', () => {
    expect(advise('Gx7!qP2#vL', []).score).toBeLessThan(2);
    expect(reasons('ab'.repeat(65))).toContain('at most 128');
  });

  it('does not forbid the example of the handbook, which the server accepts', () => {
    expect(advise('SecurePass123!', ['testuser']).score).toBeGreaterThanOrEqual(2);
  });
});

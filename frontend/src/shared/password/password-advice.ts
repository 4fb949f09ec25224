/**
 * Early advice on a password, in the spirit of zxcvbn. Only the length is binding here;
 * the server has the last word with its full dictionaries.
 */
export interface PasswordAdvice {
  /** 0 (worst) to 4. */
  readonly score: number;
  readonly reasons: readonly string[];
}

export const MIN_LENGTH = 14;
export const MAX_LENGTH = 128;

const COMMON = (
  'password passw0rd letmein welcome qwerty qwertz azerty iloveyou admin administrator login master monkey dragon football ' +
  'baseball basketball superman batman princess sunshine shadow michael jordan hunter trustno1 starwars whatever freedom ' +
  'secret changeme default access money bitcoin ethereum crypto trading market flower summer winter spring autumn hello ' +
  'abc123 test guest root user charlie donald computer internet samsung google facebook mustang harley pokemon naruto liverpool'
).split(' ');

const KEYBOARD_ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'azertyuiop', '1234567890', 'abcdefghijklmnopqrstuvwxyz'];

const SUBSTITUTES: Readonly<Record<string, string>> = { '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' };

const RUN = 4;

const plainLetters = (text: string): string => Array.from(text.toLowerCase(), (character) => SUBSTITUTES[character] ?? character).join('');

function runsOfNeighbours(text: string): string[] {
  const lower = text.toLowerCase();
  const found: string[] = [];
  for (const row of KEYBOARD_ROWS) {
    for (const line of [row, Array.from(row).reverse().join('')]) {
      for (let start = 0; start + RUN <= line.length; start += 1) {
        const run = line.slice(start, start + RUN);
        if (lower.includes(run)) found.push(run);
      }
    }
  }
  return found;
}

function commonWordsIn(text: string): string[] {
  const candidates = [text.toLowerCase(), plainLetters(text)];
  return COMMON.filter((word) => word.length >= 4 && candidates.some((candidate) => candidate.includes(word)));
}

const personalPartsIn = (text: string, personal: readonly string[]): string[] =>
  personal
    .flatMap((value) => value.toLowerCase().split(/[^a-z0-9]+/))
    .filter((part) => part.length >= 3 && text.toLowerCase().includes(part));

/** Characters that a guesser cannot predict from the weak parts around them. */
function unpredictableLength(text: string, weakParts: readonly string[]): number {
  let rest = text.toLowerCase();
  let plain = plainLetters(text);
  for (const part of weakParts) {
    rest = plain.includes(part) && !rest.includes(part) ? plain.replaceAll(part, '~') : rest.replaceAll(part, '~');
    plain = plainLetters(rest);
  }
  return new Set(rest).size + (rest.length - new Set(rest).size) / 2;
}

/** Judges a password; `personal` are values such as the username that a guesser tries first. */
export function advise(password: string, personal: readonly string[]): PasswordAdvice {
  const reasons: string[] = [];
  const characters = Array.from(password).length;
  if (characters < MIN_LENGTH) reasons.push(`Use at least ${MIN_LENGTH} characters: ${MIN_LENGTH - characters} to go.`);
  if (characters > MAX_LENGTH) reasons.push(`Use at most ${MAX_LENGTH} characters.`);
  const words = commonWordsIn(password);
  const runs = runsOfNeighbours(password);
  const own = personalPartsIn(password, personal);
  if (own.length > 0) reasons.push('Leave out your username and email: they are tried first.');
  if (words.length > 0) reasons.push(`“${words[0] ?? ''}” is among the most common passwords.`);
  if (runs.length > 0) reasons.push(`“${runs[0] ?? ''}” is a row of neighbours, which is easy to guess.`);
  if (/(.)\1{2,}/u.test(password) || /(.{2,})\1{2,}/u.test(password)) reasons.push('Repetition adds length but hardly any strength.');
  const strength = unpredictableLength(password, [...own, ...words, ...runs]);
  const score = strength >= 16 ? 4 : strength >= 11 ? 3 : strength >= 8 ? 2 : strength >= 5 ? 1 : 0;
  if (reasons.length === 0 && score < 3) reasons.push('Add another word or two: several unrelated words are strong and easy to remember.');
  return { score: characters < MIN_LENGTH ? Math.min(score, 1) : score, reasons };
}

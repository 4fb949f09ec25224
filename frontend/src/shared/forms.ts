import { ApiProblem } from './api/problem';

export type FieldErrors<Name extends string> = Partial<Record<Name, string>>;

/** What the server said about the named fields; empty when it spoke of something else. */
export function serverFieldErrors<Name extends string>(error: unknown, names: readonly Name[]): FieldErrors<Name> {
  const found: FieldErrors<Name> = {};
  if (!(error instanceof ApiProblem)) return found;
  for (const name of names) {
    const message = error.fieldErrors.get(name);
    if (message !== undefined) found[name] = message;
  }
  return found;
}

export const hasErrors = (errors: object): boolean => Object.keys(errors).length > 0;

/** React shows what it was told within a frame or two; on a busy machine it can be a few more. */
const MOST_FRAMES = 30;

function focusWhenThere(form: HTMLFormElement, selector: string, frames = MOST_FRAMES): void {
  requestAnimationFrame(() => {
    const first = form.querySelector<HTMLElement>(selector);
    if (first !== null) first.focus();
    else if (frames > 1) focusWhenThere(form, selector, frames - 1);
  });
}

/** Puts the caret where the first mistake is, once React has marked it. */
export const focusFirstInvalid = (form: HTMLFormElement): void => {
  focusWhenThere(form, '[aria-invalid="true"]');
};

/** Puts the caret into a field that is asked for, once React has made it. */
export const focusField = (form: HTMLFormElement, name: string): void => {
  focusWhenThere(form, `[name="${CSS.escape(name)}"]`);
};

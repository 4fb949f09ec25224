import { waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { focusFirstInvalid } from './forms';

const frame = () => new Promise(requestAnimationFrame);

afterEach(() => {
  document.body.replaceChildren();
});

it('finds the first mistake also when it is marked some frames later', async () => {
  document.body.innerHTML = '<form><input name="right"><input name="wrong"></form>';
  const form = document.forms.item(0) as HTMLFormElement;
  focusFirstInvalid(form);
  await frame();
  await frame();
  const wrong = form.elements.namedItem('wrong') as HTMLInputElement;
  wrong.setAttribute('aria-invalid', 'true');
  await waitFor(() => {
    expect(wrong).toHaveFocus();
  });
});

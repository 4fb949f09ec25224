import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { Button } from './button';

describe('a busy button', () => {
  it('keeps the focus of whoever pressed it, and ignores further presses', async () => {
    const press = vi.fn();
    const user = userEvent.setup();
    const { rerender } = render(<Button onClick={press}>Confirm</Button>);
    await user.click(screen.getByRole('button'));
    rerender(<Button busy onClick={press}>Confirm</Button>);
    expect(screen.getByRole('button')).toHaveFocus();
    expect(screen.getByRole('button')).toHaveAttribute('aria-disabled', 'true');
    await user.click(screen.getByRole('button'));
    await user.keyboard('{Enter} ');
    expect(press).toHaveBeenCalledTimes(1);
    rerender(<Button onClick={press}>Confirm</Button>);
    await user.keyboard('{Enter}');
    expect(press).toHaveBeenCalledTimes(2);
  });

  it('sends no form, neither by a press nor by Enter in a field', async () => {
    const submit = vi.fn((event: { preventDefault: () => void }) => { event.preventDefault(); });
    const user = userEvent.setup();
    const form = (busy: boolean) => (
      <form onSubmit={submit}>
        <input aria-label="Amount" />
        <Button type="submit" busy={busy}>Deposit</Button>
      </form>
    );
    const { rerender } = render(form(true));
    await user.click(screen.getByRole('button'));
    await user.type(screen.getByLabelText('Amount'), '5{Enter}');
    expect(submit).not.toHaveBeenCalled();
    rerender(form(false));
    await user.type(screen.getByLabelText('Amount'), '{Enter}');
    expect(submit).toHaveBeenCalledTimes(1);
  });
});

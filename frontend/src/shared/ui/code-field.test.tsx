import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import { CodeField } from './code-field';

function Asked() {
  const [code, setCode] = useState('');
  return <CodeField label="Code" name="otp" value={code} error={undefined} onEdit={setCode} />;
}

describe('the field for a code', () => {
  it.each(['123456', '123 456', ' 123-456\n', '123\u{2009}456', '12\u{2013}34\u{2013}56 7'])('takes %j as it is pasted', async (pasted) => {
    render(<Asked />);
    const user = userEvent.setup();
    await user.click(screen.getByLabelText('Code'));
    await user.paste(pasted);
    expect(screen.getByLabelText('Code')).toHaveValue('123456');
  });

  it('leaves in sight what is no digit', async () => {
    render(<Asked />);
    await userEvent.setup().type(screen.getByLabelText('Code'), '12a');
    expect(screen.getByLabelText('Code')).toHaveValue('12a');
  });
});

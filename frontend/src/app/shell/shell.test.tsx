import { act, screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import { renderApp } from '@/testing/render-app';

it('moves the focus to the content of a page that one went to', async () => {
  const { user } = renderApp({ path: '/markets', signedIn: true });
  expect(await screen.findByRole('heading', { name: 'Markets' })).toBeVisible();
  await user.click(screen.getAllByRole('link', { name: 'Orders' })[0] as HTMLElement);
  expect(await screen.findByRole('heading', { name: 'Orders' })).toBeVisible();
  await waitFor(() => {
    expect(screen.getByRole('main')).toHaveFocus();
  });
});

it('leaves a menu open that was opened while a page was still on its way', async () => {
  const { user, router } = renderApp({ path: '/markets', signedIn: true });
  await user.click(await screen.findByRole('button', { name: /^Account/ }));
  expect(screen.getByRole('menuitem', { name: 'Log out' })).toBeVisible();
  await router.navigate({ to: '/orders' });
  await waitFor(() => {
    expect(router.state.resolvedLocation?.pathname).toBe('/orders');
  });
  await act(() => new Promise(requestAnimationFrame));
  expect(screen.getByRole('menuitem', { name: 'Log out' })).toBeVisible();
});

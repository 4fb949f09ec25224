import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      '@': source(''),
      // Radix locks page scrolling with a library that injects a <style> element,
      // which `style-src 'self'` forbids. Ours toggles a class instead.
      'react-remove-scroll': source('shared/ui/scroll-lock.tsx'),
    },
  },
  build: {
    target: 'es2022',
    // Nothing may become a data: URI: the page's policy allows 'self' only.
    assetsInlineLimit: 0,
    manifest: true,
  },
  server: {
    port: 5173,
    proxy: { '/api': process.env['CNOP_DEV_API'] ?? 'http://127.0.0.1:3000' },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 15_000,
    env: { TZ: 'UTC' },
  },
});

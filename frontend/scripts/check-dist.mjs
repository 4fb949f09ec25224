// Checks the built page against its promises: any first load under 200 KB of compressed
// script, and nothing that `script-src 'self'; style-src 'self'` would refuse.
import { readFile, readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 200_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', dist), 'utf8'));
const html = await readFile(new URL('index.html', dist), 'utf8');
const problems = [];

function firstLoad(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const imported of manifest[entry].imports ?? []) firstLoad(imported, seen);
  return seen;
}

const compressed = async (file) => gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length;

// A first load is the entry, what the start of its document asks for, and one of the pages that people arrive at.
const ARRIVALS = ['src/app/routes/markets-page.tsx', 'src/app/routes/asset-page.tsx', 'src/app/routes/dashboard-page.tsx', 'src/app/routes/entry-pages.tsx'];
const start = await compressed('theme.js');
for (const arrival of ARRIVALS) {
  if (manifest[arrival] === undefined) {
    problems.push(`there is no ${arrival} to measure`);
    continue;
  }
  let total = start;
  for (const part of firstLoad(arrival, firstLoad('index.html'))) total += await compressed(manifest[part].file);
  console.log(`first load of ${arrival}: ${(total / 1000).toFixed(1)} KB of gzipped script (budget ${BUDGET_BYTES / 1000} KB)`);
  if (total > BUDGET_BYTES) problems.push(`the first load of ${arrival} is over budget`);
}

if (/<script(?![^>]*\bsrc=)[^>]*>/.test(html)) problems.push('index.html has an inline script');
if (/<style|\sstyle=/.test(html)) problems.push('index.html has an inline style');
if (/(?:src|href)="(?:https?:)?\/\//.test(html)) problems.push('index.html refers to another host');

for (const name of await readdir(new URL('assets/', dist))) {
  if (!name.endsWith('.css')) continue;
  const css = await readFile(new URL(`assets/${name}`, dist), 'utf8');
  if (/url\(\s*['"]?(?:https?:|\/\/|data:)/.test(css)) problems.push(`${name} loads something that is not ours`);
}

for (const problem of problems) console.error(`error: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

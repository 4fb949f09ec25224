// Checks the built page against its promises: first load under 200 KB of compressed
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

let total = 0;
for (const entry of firstLoad('index.html')) total += await compressed(manifest[entry].file);
console.log(`first load: ${(total / 1000).toFixed(1)} KB of gzipped script (budget ${BUDGET_BYTES / 1000} KB)`);
if (total > BUDGET_BYTES) problems.push('first load is over budget');

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

// Fails when src/shared/api/schema.gen.ts is not what openapi.json generates, or when
// openapi.json differs from the description named on the command line (a file or a URL).
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';

const root = new URL('../', import.meta.url);
const committed = new URL('openapi.json', root);

function fail(message) {
  console.error(message);
  process.exit(1);
}

async function load(location) {
  if (/^https?:/.test(location)) {
    const response = await fetch(location);
    if (!response.ok) fail(`${location} answered ${response.status}`);
    return response.json();
  }
  return JSON.parse(await readFile(location, 'utf8'));
}

const generated = await readFile(new URL('src/shared/api/schema.gen.ts', root), 'utf8');
const expected = astToString(await openapiTS(committed, { defaultNonNullable: false }));
// The command line tool adds a header that the library call does not.
if (!generated.endsWith(expected)) fail('schema.gen.ts is out of date: run `npm run generate`.');

const [reference] = process.argv.slice(2);
if (reference !== undefined) {
  const [ours, theirs] = await Promise.all([readFile(committed, 'utf8').then(JSON.parse), load(reference)]);
  if (!isDeepStrictEqual(ours, theirs)) fail(`openapi.json differs from ${reference}: copy it and run \`npm run generate\`.`);
}
console.log('API types match their description.');

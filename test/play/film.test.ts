import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { FILM, film } from './film.ts';

const urls = { playground: 'http://127.0.0.1:1', nod: 'http://127.0.0.1:2' };

it('shows one step more for each Enter, in the order of the page about the audit', async () => {
  const said: string[] = [];
  await film({ ...urls, input: Readable.from(['\n'.repeat(FILM.length)]), say: (line) => said.push(line) });
  expect(said).toHaveLength(FILM.length + 2);
  expect(said[1]).toContain('1 of 11  http://127.0.0.1:2/');
  expect(said.at(-1)).toContain('That was all of it.');
  const audit = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const listed = audit.slice(audit.indexOf('## What to film')).match(/^\d+\. /gm);
  expect(listed).toHaveLength(FILM.length);
});

it('ends where nobody presses it', async () => {
  const said: string[] = [];
  await film({ ...urls, input: Readable.from([]), say: (line) => said.push(line) });
  expect(said).toHaveLength(2);
});

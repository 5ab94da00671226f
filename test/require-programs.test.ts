import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('stops the suite with one sentence where a program is missing', async () => {
  const script = `
    const { default: requirePrograms } = await import(${JSON.stringify(new URL('require-programs.ts', import.meta.url).href)});
    try { requirePrograms(); } catch ({ message }) { console.log(message); }`;
  const options = { env: { PATH: '/nowhere' } };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    options,
  );
  expect(stdout.trim()).toBe(
    'The tests need ffmpeg and imagemagick and chromium: apt-get install ffmpeg imagemagick chromium (Debian), brew install ffmpeg imagemagick chromium (macOS).',
  );
});

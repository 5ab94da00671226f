import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startTikTokEmulator } from '../../../emulators/tiktok/index.ts';
import { temporaryDirectory } from '../../media/files.ts';

const SCRIPT = fileURLToPath(new URL('upload-process.ts', import.meta.url));
const NODE = fileURLToPath(new URL('../../../../node_modules/.bin/node', import.meta.url));
const MB = 1_000_000;

it('an upload takes no more memory than a few parts of the video, however long it is', {
  timeout: 60_000,
}, async () => {
  await using tiktok = await startTikTokEmulator({ strict: { checkMedia: false } });
  const { apiUrl, app } = tiktok;
  const bytes = 500 * MB;
  const upload = { apiUrl, app, pair: tiktok.grant(), bytes, directory: temporaryDirectory() };
  const child = spawn(NODE, [SCRIPT], {
    env: { PATH: process.env.PATH, UPLOAD: JSON.stringify(upload) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { grownBytes } = JSON.parse(await text(child.stdout));
  expect(grownBytes).toBeLessThan(60 * MB);
  expect(await tiktok.whenPublish(({ stage }) => stage === 'settled')).toMatchObject({
    uploadedBytes: bytes,
  });
});

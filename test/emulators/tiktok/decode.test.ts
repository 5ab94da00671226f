import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { decodeMedia } from './decode.ts';
import { readFixture } from './scene.ts';
import { readSteadiness } from './steadiness.ts';

test('this machine has ffmpeg, so that no test passes with media that nobody has played', async () => {
  const { body } = readFixture('tiktok-h264.mp4');
  expect(await decodeMedia({ body, sha256: 'h264', isPhoto: false })).toMatchObject({ codec: 'h264' });
});

test('without ffmpeg nothing is decoded, and stderr says so once', async () => {
  const script = `
    const { decodeMedia } = await import(${JSON.stringify(new URL('decode.ts', import.meta.url).href)});
    const decode = (sha256) => decodeMedia({ body: Buffer.from('a'), sha256, isPhoto: true });
    console.log(await decode('a'), await decode('b'));`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { env: { PATH: '/nowhere' } },
  );
  expect(stdout).toBe('undefined undefined\n');
  expect(stderr).toBe('TikTok’s emulator does not play what it receives: ffmpeg is missing.\n');
});

function times(intervals: number[]): number[] {
  let time = 0;
  return [0, ...intervals.map((interval) => (time += interval))];
}
const repeat = (count: number, interval: number) => Array<number>(count).fill(interval);

test.each([
  ['a steady clock', repeat(60, 1 / 30), true],
  ['the clock of a phone', [...repeat(30, 0.0166), ...repeat(30, 0.0172)], true],
  ['a frame that a camera drops', [...repeat(30, 1 / 30), 2 / 30, ...repeat(30, 1 / 30)], true],
  ['a picture that stands still', [...repeat(30, 1 / 30), 1, ...repeat(30, 1 / 30)], false],
  ['slow motion in the middle', [...repeat(30, 1 / 30), ...repeat(30, 1 / 8)], false],
])('tells whether %s is one rate', (_, intervals, isSteady) => {
  expect(readSteadiness(times(intervals)).isSteady).toBe(isSteady);
});

test('measures a rate by the intervals', () => {
  expect(readSteadiness(times(repeat(59, 1 / 30))).frameRate).toBeCloseTo(30);
  expect(readSteadiness([0])).toEqual({ frameRate: 0, isSteady: true });
});

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { DemoPost } from '../demo/story.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const MAIN = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

/** Runs the demo as a person would; its exit code and the result that it ends with. */
async function runDemo(...args: string[]) {
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
    execFile(process.execPath, [MAIN, '--json', ...args], (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const result: { event: string; ok: boolean; posts: DemoPost[] } = JSON.parse(last);
  return { code, result };
}

it.concurrent('publishes an album once when the first reply to init is lost', async () => {
  const photos = [fixture('transparent.png'), fixture('phone.jpg')];
  const { code, result } = await runDemo('--fault', 'drop-init-reply', ...photos);
  expect(code).toBe(0);
  expect(result).toMatchObject({ event: 'result', ok: true });
  expect(result.posts).toMatchObject([{ kind: 'photo', status: 'published', inits: 2 }]);
  const [post] = result.posts;
  expect(post?.media.map(({ contentType }) => contentType)).toEqual(['image/jpeg', 'image/jpeg']);
  expect(post?.card).toContain(`/photo/${post?.postIds[0]}`);
});

it.concurrent('names what TikTok does not take, and ends all the same', async () => {
  const { code, result } = await runDemo(fixture('still.gif'), fixture('tiktok-h264.mp4'));
  expect(code).toBe(1);
  expect(result.ok).toBe(false);
  expect(result.posts.map(({ status }) => status)).toEqual(['refused', 'published']);
  expect(result.posts[0]?.card).toContain('still.gif  ✕ Nod does not take GIF.');
});

it.concurrent('publishes from Discord as it does from Telegram', async () => {
  const { code, result } = await runDemo('--chat', 'both', fixture('phone.jpg'), fixture('tiktok-h264.mp4'));
  expect(code).toBe(0);
  expect(result.posts.map(({ chat, kind, status }) => [chat, kind, status])).toEqual([
    ['Telegram', 'photo', 'published'],
    ['Telegram', 'video', 'published'],
    ['Discord', 'photo', 'published'],
    ['Discord', 'video', 'published'],
  ]);
}, 60_000);

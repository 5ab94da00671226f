import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runDemo } from '../demo/run.ts';
import { type DemoPost, isAsExpected, type Step } from '../demo/story.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const MAIN = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo as a person would, as a process of its own. */
const asProcess = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

/** Plays it here, where TikTok needs less time. */
async function inThisProcess(args: readonly string[]): Promise<Ended> {
  const output = { stdout: '', stderr: '' };
  const code = await runDemo(args, {
    write: (text) => {
      output.stdout += text;
    },
    writeError: (text) => {
      output.stderr += text;
    },
    timing: { processingMs: 100, moderationMs: 200, webhookDelayMs: 5 },
  });
  return { code, ...output };
}

/** Plays a story; its exit code, what it told (as `stdout` for a failure), and its result. */
async function playDemo(args: readonly string[], run = inThisProcess) {
  const { code, stdout, stderr } = await run(['--json', ...args]);
  const steps: Step[] = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const result = steps.at(-1);
  if (result?.event !== 'result') throw new Error(`The demo ended without a result.\n${stdout}${stderr}`);
  return { code, steps, result, stdout };
}

it.concurrent('publishes an album once when the first reply to init is lost', async () => {
  const photos = [fixture('transparent.png'), fixture('phone.jpg')];
  const { code, result, stdout } = await playDemo(['--fault', 'drop-init-reply', ...photos], asProcess);
  expect(code, stdout).toBe(0);
  expect(result).toMatchObject({ event: 'result', ok: true, published: 1 });
  expect(result.posts).toMatchObject([{ kind: 'photo', status: 'published', published: 1, inits: 2 }]);
  const [post] = result.posts;
  expect(post?.media.map(({ contentType }) => contentType)).toEqual(['image/jpeg', 'image/jpeg']);
  expect(post?.card).toContain(`/photo/${post?.postIds[0]}`);
});

it.concurrent('publishes from Discord as it does from Telegram', async () => {
  const files = [fixture('phone.jpg'), fixture('tiktok-h264.mp4')];
  const { code, result, stdout } = await playDemo(['--chat', 'both', ...files]);
  expect(code, stdout).toBe(0);
  expect(result.posts.map(({ chat, kind, status }) => [chat, kind, status])).toEqual([
    ['Telegram', 'photo', 'published'],
    ['Telegram', 'video', 'published'],
    ['Discord', 'photo', 'published'],
    ['Discord', 'video', 'published'],
  ]);
});

it.concurrent('names what TikTok does not take, and ends all the same', async () => {
  const { code, result, stdout } = await playDemo([fixture('photoshop.jpg'), fixture('tiktok-h264.mp4')]);
  expect(code, stdout).toBe(1);
  expect(result.ok).toBe(false);
  expect(result.posts.map(({ status }) => status)).toEqual(['refused', 'published']);
  expect(result.posts[0]?.card).toContain('photoshop.jpg  ✕ Nod does not take Photoshop.');
});

it.concurrent('says of each file what its card said, and keeps what TikTok received', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-kept-'));
  const files = [fixture('make.ts'), fixture('phone.jpg')];
  const { code, result, stdout } = await playDemo(['--chat', 'both', '--keep', folder.path, ...files]);
  expect(code, stdout).toBe(1);
  expect(
    result.posts.map(({ chat, files, status, report = [] }) => [chat, files, status, ...report]),
  ).toEqual([
    [
      'Telegram',
      ['make.ts'],
      'refused',
      expect.stringMatching(/^make\.ts {2}✕ Nod does not take a text file/),
    ],
    ['Telegram', ['phone.jpg'], 'published', expect.stringMatching(/^phone\.jpg {2}.*turned upright/)],
    [
      'Discord',
      ['make.ts'],
      'refused',
      expect.stringMatching(/^make\.ts {2}✕ Nod does not take a text file/),
    ],
    ['Discord', ['phone.jpg'], 'published', expect.stringMatching(/^phone\.jpg {2}.*turned upright/)],
  ]);
  const received = result.posts[1]?.media[0];
  const kept = await readFile(join(folder.path, `${received?.sha256}.jpg`));
  expect(kept).toHaveLength(received?.bytes ?? 0);
  expect(received?.metadata).toEqual([]);
});

it.concurrent('ends where Discord does not let a file be chosen', async () => {
  const file = fileURLToPath(new URL('../../README.md', import.meta.url));
  const { code, result, stdout } = await playDemo(['--chat', 'discord', file]);
  expect(code, stdout).toBe(1);
  expect(result.posts).toMatchObject([
    { status: 'refused', report: ['README.md cannot be chosen for /tiktok post.'] },
  ]);
});

it.concurrent('publishes once what both chats of a team approve, and not what one rejects', async () => {
  const { code, steps, result, stdout } = await playDemo([
    '--chat',
    'both',
    '--approvals',
    '2',
    fixture('phone.jpg'),
  ]);
  expect(code, stdout).toBe(0);
  expect(result).toMatchObject({ ok: true, published: 1 });
  const byBen = { platform: 'discord', person: 'Ben', mark: 'approve', by: 'reaction' };
  const byDora = { platform: 'telegram', person: 'Dora', mark: 'approve', by: 'reaction' };
  const reason = 'We had this one already.';
  expect(result.posts).toMatchObject([
    {
      chat: 'Discord',
      status: 'published',
      published: 1,
      inits: 1,
      review: {
        approvals: 2,
        votes: [byBen, byDora],
        initsBefore: 0,
        decision: { outcome: 'approved', by: ['Ben', 'Dora'] },
      },
    },
    {
      chat: 'Discord',
      status: 'rejected',
      published: 0,
      inits: 0,
      publishId: null,
      review: {
        votes: [byBen, { ...byDora, mark: 'reject', by: 'button', reason }],
        decision: { outcome: 'rejected', by: ['Dora'] },
      },
    },
  ]);
  const [approved, rejected] = result.posts;
  expect(endings(approved)).toEqual([
    ['discord', expect.stringContaining(`/photo/${approved?.postIds[0]}`)],
    ['telegram', expect.stringContaining(`/photo/${approved?.postIds[0]}`)],
  ]);
  const refusal = (mark: string) =>
    new RegExp(`^✕ Not approved.*${mark} Rejected by Dora: “${reason}”.*Nothing was posted`, 's');
  expect(endings(rejected)).toEqual([
    ['discord', expect.stringMatching(refusal('❌'))],
    ['telegram', expect.stringMatching(refusal('👎'))],
  ]);
  expect(missing(steps)).toEqual(
    ['0 of 2', '1 of 2', '0 of 2', '1 of 2'].flatMap((so) => [
      `Discord #posts ${so}`,
      `Telegram Editors ${so}`,
    ]),
  );
  const history = steps.findLast((step) => step.event === 'card')?.text;
  expect(history).toMatch(/^History.*Approved by Ben and Dora.*Published to @studio\.ana.*Rejected by Dora/s);
});

it.concurrent('lets four of a Telegram group approve', async () => {
  const { code, result, stdout } = await playDemo([
    '--chat',
    'telegram',
    '--approvals',
    '4',
    fixture('phone.jpg'),
  ]);
  expect(code, stdout).toBe(0);
  expect(result.posts.map(({ status, review }) => [status, review?.decision])).toEqual([
    ['published', { outcome: 'approved', by: ['Karl', 'Jana', 'Emil', 'Dora'] }],
    ['rejected', { outcome: 'rejected', by: ['Dora'] }],
  ]);
});

it.concurrent.each(['telegram', 'discord'])(
  'plays eight days of a post in %s: approved, live, its numbers, taken down',
  async (chat) => {
    const { code, steps, result, stdout } = await playDemo(['--chat', chat, '--days', '8']);
    expect(code, stdout).toBe(0);
    expect(result.posts).toMatchObject([
      {
        status: 'published',
        inits: 1,
        review: { decision: { outcome: 'approved' } },
        later: [
          { when: 'after an hour', card: expect.stringMatching(/1,204 views.* after 1 h/) },
          { when: 'after a day', card: expect.stringMatching(/18\.4 K views.* after 24 h/) },
          { when: 'after a week', card: expect.stringMatching(/41\.3 K views.* after 7 days/) },
          { when: 'after 8 days', card: expect.stringMatching(/^✕ No longer public on TikTok/) },
        ],
      },
    ]);
    const results = steps.findLast((step) => step.event === 'card')?.text;
    expect(results).toMatch(/^How your posts did.*Two seconds of sunset/s);
  },
);

it.concurrent.each(['0', '31', 'eight', ''])('plays no story of %j days', async (days) => {
  const { code, result } = await playDemo([`--days=${days}`]);
  expect(code).toBe(2);
  expect(result.problem).toContain('1 to 30 days');
});

it.concurrent('publishes what one in a server approves once when a reply to init is lost', async () => {
  const args = ['--chat', 'discord', '--approvals', '1', '--fault', 'drop-init-reply', fixture('phone.jpg')];
  const { code, result, stdout } = await playDemo(args);
  expect(code, stdout).toBe(0);
  expect(result).toMatchObject({ ok: true, published: 1 });
  expect(result.posts).toMatchObject([
    { status: 'published', published: 1, inits: 2, review: { decision: { by: ['Ben'] } } },
    { status: 'rejected', inits: 0 },
  ]);
});

it.concurrent('publishes each post once in spite of a missing right, outages and edited captions', async () => {
  const { code, steps, result, stdout } = await playDemo(['--chat', 'both', '--trouble']);
  expect(code, stdout).toBe(0);
  expect(result).toMatchObject({ ok: true, published: 4 });
  expect(result.posts.map(({ chat, caption, inits }) => [chat, caption, inits])).toEqual([
    ['Discord', 'A day at the beach', 1],
    ['Discord', 'First light #surf @maria', 1],
    ['Telegram', 'Sunday at the beach', 1],
    ['Telegram', 'Back at the studio', 1],
  ]);
  const met = result.posts.flatMap(({ troubles = [] }) => troubles.map((one) => one.met > 0));
  expect(met).toEqual([true, true, true]);
  expect(result.posts[1]?.review?.decision).toEqual({ outcome: 'approved', by: ['Emil', 'Ben', 'Dora'] });
  const told = steps.flatMap((step) => (step.event === 'card' ? [`${step.where}: ${step.text}`] : []));
  const order = [
    /seen by Ana alone: .*Until then you alone are told how it goes/s,
    /direct message to Ana: .*Live on TikTok.*lacks the permission “Send Messages” in Studio/s,
    /Discord #posts: ✓ Live on TikTok/,
    /Telegram Editors: Ana wants to post/,
    /Discord #posts: .*Emil and Ben · 2 of 3/s,
    /private chat: .*It follows your message, which you have edited/s,
    /private chat: You edited your message after this was submitted: the post still has the old caption/,
  ];
  const places = order.map((pattern) => told.findIndex((text) => pattern.test(text)));
  expect(places).toEqual(places.filter((place) => place >= 0).sort((a, b) => a - b));
});

it.concurrent('has the story of troubles in both chats only', async () => {
  const { code, result } = await playDemo(['--trouble']);
  expect(code).toBe(2);
  expect(result.problem).toContain('use --chat both --trouble');
});

it.concurrent('refuses more approvals than its team can give', async () => {
  const { code, result, stdout } = await playDemo(['--chat', 'both', '--approvals', '5'], asProcess);
  expect(code, stdout).toBe(2);
  expect(result).toMatchObject({ ok: false, posts: [] });
  expect(result.problem).toBe(
    'The demo’s team can give 1 to 4 approvals, not 5; leave --approvals out for none.',
  );
});

const PUBLISHED: DemoPost = {
  chat: 'Discord',
  kind: 'photo',
  status: 'published',
  expected: 'published',
  published: 1,
  publishId: 'p',
  postIds: ['1'],
  inits: 1,
  media: [],
  caption: null,
  card: '',
  review: {
    approvals: 1,
    initsBefore: 0,
    cards: [],
    decision: { outcome: 'approved', by: ['Ben'] },
    votes: [{ platform: 'discord', person: 'Ben', mark: 'approve', by: 'reaction' }],
  },
};

it('takes a story for told only as it should end', () => {
  const { review } = PUBLISHED;
  if (review === undefined) throw new Error('The example has a review.');
  expect(isAsExpected(PUBLISHED)).toBe(true);
  expect(isAsExpected({ ...PUBLISHED, published: 2 })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, published: 0 })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, expected: 'rejected' })).toBe(false);
  const moment = { when: 'after a day', expected: '5 views', card: '5 views' };
  expect(isAsExpected({ ...PUBLISHED, later: [moment] })).toBe(true);
  expect(isAsExpected({ ...PUBLISHED, later: [moment, { ...moment, card: null }] })).toBe(false);
  const troubles = [{ platform: 'discord', what: 'away', met: 1 }] as const;
  expect(isAsExpected({ ...PUBLISHED, caption: 'A', expectedCaption: 'A', troubles })).toBe(true);
  expect(isAsExpected({ ...PUBLISHED, caption: 'A', expectedCaption: 'B' })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, troubles: [{ ...troubles[0], met: 0 }] })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, review: { ...review, initsBefore: 1 } })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, review: { ...review, decision: null } })).toBe(false);
  expect(isAsExpected({ ...PUBLISHED, review: { ...review, votes: [] } })).toBe(false);
});

/** What the cards of a review say in the end, by platform. */
function endings(post: DemoPost | undefined): [string, string][] {
  return (post?.review?.cards ?? []).map(({ platform, text }) => [platform, text]);
}

/** What the cards say is missing, in the order in which the demo tells it. */
function missing(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    const so = step.event === 'card' ? /\d of \d$/m.exec(step.text)?.[0] : undefined;
    return step.event === 'card' && so !== undefined ? [`${step.where} ${so}`] : [];
  });
}

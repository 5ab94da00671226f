import { describe, expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import { renderCard as renderOnDiscord } from '../../../src/bots/discord/render.ts';
import type { Card } from '../../../src/bots/platform.ts';
import { inQueueOrder, QUEUE_PAGE, type QueueEntry, queueCard } from '../../../src/bots/posts/queue-card.ts';
import { MAX_TEXT_LENGTH, renderCard as renderOnTelegram } from '../../../src/bots/telegram/render.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import type { Post, PostState } from '../../../src/core/publish/post.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { contentWith, HOUR_MS } from '../../core/posts.ts';
import {
  type AccessWorld,
  createAccessWorld,
  type Frame,
  GROUP,
  inPlace,
  OTHER,
  PEOPLE,
  SERVER,
} from '../access/world.ts';
import { postIn, printed } from '../cards/subjects.ts';

/** In Berlin it is Sunday, 18:02. */
const NOW = Date.parse('2026-11-22T17:02:00Z');
const TONIGHT = Date.parse('2026-11-22T19:30:00Z');
/** In Berlin it is Tuesday already. */
const TUESDAY = Date.parse('2026-11-23T23:30:00Z');

let made = 0;

function entry(
  state: PostState,
  {
    caption = 'First light',
    hasAccess = true,
    ...more
  }: Partial<Post> & { caption?: string; hasAccess?: boolean } = {},
): QueueEntry {
  made += 1;
  const base = postIn(state);
  const content = more.content ?? { ...base.content, caption };
  const post = { ...base, id: `post${made}`, createdAt: made, ...more, content } as Post;
  return { post, votes: [], hasAccess };
}

function print(entries: readonly QueueEntry[], more: { page?: number; count?: number } = {}): string {
  return printed(cardOf(entries, more));
}

function cardOf(entries: readonly QueueEntry[], more: { page?: number; count?: number } = {}): Card {
  const ordered = inQueueOrder(
    entries.map(({ post }) => post),
    NOW,
  );
  return queueCard({
    entries: ordered.flatMap((post) => entries.find((one) => one.post === post) ?? []),
    page: 0,
    count: entries.length,
    wording: WORDINGS.telegram,
    timeZone: 'Europe/Berlin',
    now: NOW,
    ...more,
  });
}

const review = {
  policy: { ...defaultPolicy({ isPrivate: false }), approvals: 2 },
  chats: ['telegram:1'],
  places: ['telegram:1'],
};
const IN_REVIEW = { status: 'in_review', since: NOW, expiresAt: TUESDAY } as const;
const vote = { person: PEOPLE.vera, mark: 'approve', at: NOW, authority: { by: 'manager' } } as const;

describe('what goes out', () => {
  it('stands day by day in the zone of the place, with audience, account and state', () => {
    const inbox = {
      ...postIn({ status: 'preparing' }).content,
      kind: 'video',
      postMode: 'MEDIA_UPLOAD',
    } as const;
    const entries = [
      entry(
        { status: 'queued', notBefore: TUESDAY },
        { publishAt: TUESDAY, content: { ...inbox, caption: '' } },
      ),
      entry(
        { status: 'queued', notBefore: TONIGHT },
        {
          caption: 'Sunset',
          publishAt: TONIGHT,
          review: { ...review, decision: { outcome: 'approved', by: [], at: NOW } },
        },
      ),
      { ...entry(IN_REVIEW, { caption: 'Two of us', publishAt: TONIGHT + 1, review }), votes: [vote] },
      entry(IN_REVIEW, { caption: 'Whenever', review }),
      entry({ status: 'submitting', attemptId: 'a', since: NOW }, { caption: 'At once' }),
    ];
    expect(print(entries)).toBe(
      `Going out · times in Europe/Berlin

Now
1  At once
Studio Ana (@studio.ana) · Everyone · TikTok is taking it

As soon as it is decided
2  Whenever
Studio Ana (@studio.ana) · Everyone · waits for 2 more approvals, until Tue 24 Nov 00:30

Today, Sun 22 Nov
3  20:30  Sunset
Studio Ana (@studio.ana) · Everyone · approved
4  20:30  Two of us
Studio Ana (@studio.ana) · Everyone · waits for 1 more approval, until Tue 24 Nov 00:30

Tue 24 Nov
5  00:30  Video
Studio Ana (@studio.ana) · TikTok inbox · scheduled

Press a number to look at the post, move it or cancel it.
[1] [2] [3] [4]
[5]`,
    );
  });

  it('says what keeps a post from going out', () => {
    const text = print([
      entry({ status: 'queued', notBefore: NOW }, { hasAccess: false }),
      entry({ status: 'queued', notBefore: NOW }),
      entry({ status: 'queued', notBefore: TONIGHT, wait: { reason: 'daily_post_limit' } }),
      entry({ status: 'preparing' }, { review }),
      entry({
        status: 'on_hold',
        problem: { code: 'privacy_not_chosen' },
        privacyLevelOptions: [],
        expiresAt: TUESDAY,
      }),
    ]);
    expect(text).toContain('its account needs /connect again\n');
    expect(text).toContain('next in line\n');
    expect(text).toContain(
      '20:30  First light\nStudio Ana (@studio.ana) · Everyone · this account has reached',
    );
    expect(text).toContain('preparing the files, waits for 2 more approvals\n');
    expect(text).toContain('waits for Ana to choose\n');
  });

  it('says of a restored post that somebody has to look first', () => {
    const held = entry({ status: 'queued', notBefore: TONIGHT }, { publishAt: TONIGHT, restoredAt: NOW - 1 });
    expect(print([held])).toContain('may be out already, which its card asks');
  });

  it('fits with its buttons into a message of either platform, whatever people wrote', () => {
    const account = { nickname: '*_'.repeat(40), username: '_'.repeat(60) };
    const long = Array.from({ length: QUEUE_PAGE }, (_, day) =>
      entry(IN_REVIEW, {
        caption: '*[~'.repeat(700),
        publishAt: NOW + (day + 400) * 24 * HOUR_MS,
        review,
        account,
      }),
    );
    const card = cardOf(long, { page: 1, count: 30 });
    expect(printed(card)).toContain('9 to 16 of 30. Press a number');
    expect(printed(card)).toContain('[‹ Before] [After ›]');
    const onTelegram = renderOnTelegram(card, MAX_TEXT_LENGTH).text;
    const [{ components }] = renderOnDiscord(card);
    for (const text of [onTelegram, JSON.stringify(components)]) {
      expect(text).toContain('16  ');
      expect(text).toContain('9 to 16 of 30');
      expect(text).not.toContain('\n…\n');
    }
  });
});

describe('/queue', () => {
  const scheduled = (at: number): PostState => ({ status: 'queued', notBefore: at });
  const inRoom = (card: Card | undefined) => (card === undefined ? '' : printed(card));

  /** What a person sees who asks in a place, and then presses on the list. */
  async function asking(world: AccessWorld, frame: () => Frame) {
    const { chat } = frame();
    const paper = chat.startsWith('discord:') ? world.discord : world.telegram;
    await world.handle({ ...frame(), type: 'command', name: 'queue', argument: '' });
    const [list = raise()] = paper.messages.slice(-1);
    const read = () => inRoom(list.versions.at(-1)?.card);
    async function press(data: string, { isOnMessage = true, by = frame() } = {}) {
      const notes: string[] = [];
      const answer = async (note?: string) => void (note && notes.push(note));
      await world.handle({ ...by, type: 'press', press: data, message: list.ref, isOnMessage, answer });
      return notes;
    }
    return { read, press, paper };
  }
  const onPost = (id: string, verb: string, argument?: string) =>
    encodePress({ on: 'post', id, verb, argument });

  it('says in an empty place how to plan something, and that one can look back', async () => {
    await using world = await createAccessWorld();
    const { read } = await asking(world, () => inPlace(GROUP, PEOPLE.gus));
    expect(read()).toBe(
      `Nothing is waiting to go out.
Send a photo, an album or a video and mention me in its caption, or reply to it with /post. “When…” on its card sets a time; without one it goes out at once.
/posts shows what went out.`,
    );
    const onDiscord = await asking(world, () => inPlace(SERVER, PEOPLE.finn));
    expect(onDiscord.read()).toContain('/tiktok post');
  });

  it('shows what goes out from the places that share, and nothing of others or of what is over', async () => {
    await using world = await createAccessWorld();
    const content = (caption: string) => ({ content: contentWith({ openId: world.openId, caption }) });
    const at = world.world.now() + HOUR_MS;
    await world.post('here', scheduled(at), { ...content('From the group'), publishAt: at });
    const inServer = { workspace: SERVER.workspace, chat: SERVER.chat };
    await world.post(
      'there',
      { status: 'in_review', since: 0, expiresAt: 8e15 },
      { ...content('From the server'), ...inServer },
    );
    const inOther = { workspace: OTHER.workspace, chat: OTHER.chat };
    await world.post('elsewhere', scheduled(at), { ...content('From others'), ...inOther });
    await world.post('over', { status: 'cancelled', settledAt: 0 }, content('Cancelled'));
    for (const frame of [() => inPlace(GROUP, PEOPLE.gus), () => inPlace(SERVER, PEOPLE.finn)]) {
      const { read } = await asking(world, frame);
      expect(read()).toContain('From the group');
      expect(read()).toMatch(/From the server\n.* · waits for 2 more approvals/);
      expect(read()).not.toMatch(/From others|Cancelled/);
    }
    await world.workspaces.separate(SERVER.workspace);
    const { read, press } = await asking(world, () => inPlace(SERVER, PEOPLE.finn));
    expect(read()).not.toContain('From the group');
    expect(await press(onPost('here', 'show', '0'))).toHaveLength(1);
    expect(read()).not.toContain('From the group');
  });

  it('opens a post, moves and cancels it for its author and who manages, and goes back', async () => {
    await using world = await createAccessWorld();
    await world.workspaces.beginTimeZone(GROUP.workspace, 'UTC');
    const at = world.world.now() + HOUR_MS;
    await world.post('one', scheduled(at), { publishAt: at, review: undefined });
    await world.post('two', scheduled(at + 1), { publishAt: at + 1, review: undefined });
    const { read, press, paper } = await asking(world, () => inPlace(GROUP, PEOPLE.gus));
    await press(onPost('one', 'show', '0'));
    expect(read()).toMatch(
      /^Scheduled · Studio Ana[\s\S]*to the profile · visible to: Everyone[\s\S]*Goes out [\s\S]*Posted by Ana\.\n\[Other time…\] \[Cancel\]\n\[Look at it\]\n\[‹ All that goes out\]$/,
    );
    expect(await press(onPost('one', 'cancel', '0'))).toEqual([expect.stringContaining('Ana')]);
    expect(await world.nod.signals.read('one')).toBeUndefined();
    const mia = { by: inPlace(GROUP, PEOPLE.mia) };
    await press(onPost('one', 'when'), mia);
    const [question] = paper.messages.slice(-1);
    await world.handle({
      ...inPlace(GROUP, PEOPLE.mia),
      type: 'text',
      text: 'in 3 hours',
      replyTo: question?.ref,
    });
    expect(await world.nod.signals.read('one')).toMatchObject({ publishAt: at + 2 * HOUR_MS });
    await press(encodePress({ on: 'list', id: 'queue', verb: 'page', argument: '0' }));
    expect(read()).toContain('[1] [2]');
    await press(onPost('one', 'show', '0'));
    await press(onPost('one', 'cancel', '0'), { by: inPlace(GROUP, PEOPLE.mia) });
    expect(await world.nod.signals.read('one')).toMatchObject({ cancelled: { by: PEOPLE.mia } });
    expect(read()).toMatch(/^“Our secret” is being cancelled; its card tells how it ends\.\n\nGoing out/);
    expect(read()).toMatch(/\n\[1\]$/);
  });

  it('links to the files of a post in its own place alone', async () => {
    await using world = await createAccessWorld();
    const at = world.world.now() + HOUR_MS;
    await world.post('one', scheduled(at), { publishAt: at, review: undefined });
    const { read, press } = await asking(world, () => inPlace(SERVER, PEOPLE.finn));
    await press(onPost('one', 'show', '0'));
    expect(read()).toContain('Scheduled');
    expect(read()).not.toContain('[Look at it]');
  });

  it('replaces no message that has no such button', async () => {
    await using world = await createAccessWorld();
    const at = world.world.now() + HOUR_MS;
    await world.post('one', scheduled(at), { publishAt: at });
    const { read, press } = await asking(world, () => inPlace(GROUP, PEOPLE.gus));
    const before = read();
    const page = encodePress({ on: 'list', id: 'queue', verb: 'page', argument: '0' });
    for (const data of [page, onPost('one', 'show', '0')]) {
      expect(await press(data, { isOnMessage: false })).toEqual([
        'The list has changed. /queue shows it anew.',
      ]);
    }
    await press(onPost('one', 'cancel', '0'), { isOnMessage: false, by: inPlace(GROUP, PEOPLE.mia) });
    expect(read()).toBe(before);
  });

  it('turns its pages, and shows the last one where there are fewer by now', async () => {
    await using world = await createAccessWorld();
    const at = world.world.now() + HOUR_MS;
    for (let number = 0; number < 10; number += 1)
      await world.post(`post${number}`, scheduled(at + number), {
        publishAt: at + number,
        createdAt: number,
      });
    const { read, press } = await asking(world, () => inPlace(GROUP, PEOPLE.gus));
    expect(read()).toContain('1 to 8 of 10. ');
    for (const argument of ['1', '99', '-3', 'x']) {
      await press(encodePress({ on: 'list', id: 'queue', verb: 'page', argument }));
      expect(read()).toContain(argument === '1' || argument === '99' ? '9 to 10 of 10. ' : '1 to 8 of 10. ');
    }
  });
});

function raise(): never {
  throw new Error('There is no list.');
}

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import type { Offer } from '../../../src/core/compose/drafts.ts';
import { fileOfLink } from '../../../src/core/links/read-links.ts';
import { startWebsites, type Websites } from '../../emulators/websites/index.ts';
import { type ComposingWorld, type ComposingWorldOptions, createComposingWorld } from '../composing.ts';
import { fixture } from '../media/files.ts';
import { ANA, CHAT, WORKSPACE } from '../posts.ts';

const PHOTO = readFileSync(fixture('phone.jpg'));
const LINK = 'https://files.example.com/d/photo.jpg?secret=42';

const offerOf = (link: string, id = '1'): Offer => ({
  workspace: WORKSPACE,
  chat: CHAT,
  person: ANA,
  file: { id, order: Number(id), ...fileOfLink(link), state: 'waiting' },
});

const settled = ({ files }: Draft) => files.every(({ state }) => state === 'ready' || state === 'refused');

/** A world with websites in it; nothing that it logs may tell of a link. */
async function linkedWorld(options: ComposingWorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const chat = stack.use(await createComposingWorld(options));
  const web = stack.use(await startWebsites());
  stack.defer(() => expect(chat.lines.join('')).not.toMatch(/secret|example\\.com/));
  const kept = stack.move();
  return { chat, web, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Offers one link, and waits for what becomes of it. */
async function take(
  chat: ComposingWorld,
  { network }: Websites,
  options: { uploadLimitBytes?: number } = {},
) {
  const composing = chat.openComposer({ links: { network }, ...options });
  const offered = await composing.composer.offer(offerOf(LINK));
  return { ...composing, draft: await composing.whenDraft(offered?.id ?? '', settled) };
}

describe('a file that comes by a link', () => {
  it('is taken in like any other, under the name that its server gives, and its link is forgotten', async () => {
    await using world = await linkedWorld();
    world.web.hostFile('files.example.com', PHOTO, {
      'content-disposition': 'attachment; filename="First light.jpg"',
    });
    const { draft, drafts } = await take(world.chat, world.web);
    expect(draft.files).toMatchObject([{ state: 'ready', kind: 'photo', name: 'First light.jpg' }]);
    expect(JSON.stringify(await drafts.get(draft.id))).not.toMatch(/secret|example\.com/);
  });

  it('keeps its link as long as another try needs it', async () => {
    await using world = await linkedWorld();
    world.web.host('files.example.com', (_request, response) => void response.writeHead(403).end());
    const { draft, composer, whenDraft } = await take(world.chat, world.web);
    expect(draft.files).toMatchObject([
      { state: 'refused', problem: { code: 'link_refused', reason: 'not_shared' }, link: LINK },
    ]);
    world.web.hostFile('files.example.com', PHOTO);
    await composer.choose(draft.id, ANA, { type: 'retry_files' });
    const again = await whenDraft(draft.id, ({ files }) => files[0]?.state === 'ready');
    expect(again.files[0]?.link).toBeUndefined();
  });

  it('is asked for a few times by itself, then by hand', async () => {
    await using world = await linkedWorld();
    world.web.host('files.example.com', (request) => void request.socket.destroy());
    const { draft } = await take(world.chat, world.web);
    expect(draft.files).toMatchObject([
      {
        state: 'refused',
        problem: { code: 'link_refused', reason: 'unreachable' },
        retry: { state: 'waiting' },
      },
    ]);
    expect(world.web.state.requests).toHaveLength(4);
  });

  it('is asked for once where another try would not help', async () => {
    await using world = await linkedWorld();
    world.web.host('files.example.com', (_request, response) => void response.end('<!doctype html>'));
    const { draft } = await take(world.chat, world.web);
    expect(draft.files).toMatchObject([{ problem: { code: 'link_refused', reason: 'page' } }]);
    expect(world.web.state.requests).toHaveLength(1);
  });

  it('is too big by what its server says, and by what comes', async () => {
    await using world = await linkedWorld();
    const { chat, web } = world;
    web.hostFile('files.example.com', PHOTO);
    const limit = { uploadLimitBytes: 10_000 };
    const said = await take(chat, web, limit);
    const problem = { code: 'link_too_big', maxBytes: 10_000 };
    expect(said.draft.files).toMatchObject([{ problem: { ...problem, bytes: PHOTO.length } }]);
    web.host('files.example.com', (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1_000, 'x')));
        response.once('drain', more);
      };
      more();
    });
    const again = await said.composer.offer(offerOf(`${LINK}#2`, '2'));
    const endless = await said.whenDraft(again?.id ?? '', settled);
    expect(endless.files).toMatchObject([{ problem }]);
    await web.until(() => (web.state.abandoned > 0 ? true : undefined));
    expect(await chat.world.mediaStore.keys()).toEqual([]);
  });

  it('counts for its person as soon as its size is known', async () => {
    await using world = await linkedWorld({ limits: { person: { bytes: 10_000 } } });
    world.web.hostFile('files.example.com', PHOTO);
    const { draft } = await take(world.chat, world.web);
    const problem = { code: 'too_much_at_once', what: 'bytes', who: 'person', max: 10_000 };
    expect(draft.files).toMatchObject([{ state: 'refused', problem }]);
    expect(await world.chat.world.mediaStore.keys()).toEqual([]);
  });

  it('holds up no file of the chat while its server is slow', async () => {
    await using world = await linkedWorld();
    world.web.host('files.example.com', (_request, response) => void response.write('a'));
    const { composer, whenDraft, stop } = world.chat.openComposer({ links: { network: world.web.network } });
    for (const id of ['1', '2', '3', '4', '5']) await composer.offer(offerOf(`${LINK}&n=${id}`, id));
    await world.web.until(() => (world.web.state.requests.length === 2 ? true : undefined));
    const offered = await composer.offer(await world.chat.photo('9'));
    await whenDraft(offered?.id ?? '', settled);
    await stop();
    await world.web.until(() => (world.web.state.abandoned === 2 ? true : undefined));
  });

  it('is fetched anew after a restart', async () => {
    await using world = await linkedWorld();
    world.web.host('files.example.com', (_request, response) => void response.write('a'));
    const first = world.chat.openComposer({ links: { network: world.web.network } });
    const offered = await first.composer.offer(offerOf(LINK));
    await world.web.until(() => (world.web.state.requests.length === 1 ? true : undefined));
    await first.stop();
    world.web.hostFile('files.example.com', PHOTO);
    const second = world.chat.openComposer({ links: { network: world.web.network } });
    const draft = await second.drafts.get(offered?.id ?? '');
    if (draft === undefined) throw new Error('The draft is kept.');
    second.intake.work(draft);
    await second.whenDraft(draft.id, settled);
  });
});

import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { ChatEventOf, MessageRef, OfferedFile } from '../../../src/bots/platform.ts';
import type { Draft } from '../../../src/core/compose/draft.ts';
import type { Person } from '../../../src/core/people.ts';
import { file } from '../../core/drafts.ts';
import { type AccessWorld, alone, createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

const { ana, gus } = PEOPLE;
const FILE: OfferedFile = { ref: 'ref', name: 'a.jpg', bytes: 1 };
const typed = (messageId: string, text: string) => ({
  messageId,
  order: Number(messageId),
  text,
  use: 'joined' as const,
});

it('has the caption follow its message, whoever else writes', async () => {
  await using world = await createAccessWorld();
  const { edit, captionOf } = await startDraft(world, { caption: 'Frist', typed: [typed('1', 'Frist')] });
  await edit('1', 'Not yours', gus);
  expect(await captionOf()).toBe('Frist');
  await edit('1', 'First');
  expect(await captionOf()).toBe('First');
  await edit('2', 'Second');
  expect(await captionOf()).toBe('First\nSecond');
});

it('takes no notice of a message that Telegram tells as edited and that reads as before', async () => {
  await using world = await createAccessWorld();
  const { edit, draft } = await startDraft(world, { caption: 'First', typed: [typed('1', 'First')] });
  const before = await draft();
  await edit('1', 'First', ana, { ...FILE, ref: 'ref-1' });
  expect(await draft()).toEqual(before);
});

it('leaves a caption that was chosen on the card, and says what is not in it', async () => {
  await using world = await createAccessWorld();
  const { edit, draft, answer } = await startDraft(world, { caption: 'Frist', typed: [typed('1', 'Frist')] });
  await answer('On the card');
  await edit('1', 'First');
  expect(await draft()).toMatchObject({
    caption: 'On the card',
    notices: [{ type: 'text_left_out', text: 'First' }],
  });
});

it('has the caption follow the answer that gave it', async () => {
  await using world = await createAccessWorld();
  const { edit, captionOf, answer } = await startDraft(world, { caption: '' });
  await answer('Frist', '77');
  await edit('77', 'First');
  expect(await captionOf()).toBe('First');
});

it('puts the file that a message shows now in the place of the old one', async () => {
  await using world = await createAccessWorld();
  const { edit, draft } = await startDraft(world, { caption: 'First', typed: [typed('1', 'First')] });
  await edit('1', 'First', ana, { ...FILE, ref: 'another', name: 'b.jpg' });
  const { files, notices } = await draft();
  expect(files).toMatchObject([
    { id: '1', ref: 'another', name: 'b.jpg' },
    { id: '2', ref: 'ref-2', state: 'ready' },
  ]);
  expect(notices).toEqual([{ type: 'file_replaced', name: 'b.jpg' }]);
});

it('adds a photo that answers the card of its author’s draft, and no other answer', async () => {
  await using world = await createAccessWorld();
  const { offer, draft } = await startDraft(world, { caption: 'First' });
  const review = await world.message(GROUP.chat);
  await world.post('reviewed', { status: 'in_review', since: 0, expiresAt: 9e12 });
  await anchor(world, review, `reviewed ${GROUP.chat}`);
  await offer('7', ana, review);
  await offer('8', ana, await world.message(GROUP.chat));
  await offer('9', gus);
  await offer('10', ana);
  expect((await draft()).files.map(({ id }) => id)).toEqual(['1', '2', '10']);
  expect(await Array.fromAsync(world.drafts.entries())).toHaveLength(1);
  expect(world.telegram.show()).toContain('Only Ana can do that here.');
});

it('begins a draft of a photo that is for it only since an edit, and not of one that was discarded', async () => {
  await using world = await createAccessWorld();
  const frame = inPlace(GROUP, ana);
  const media = { ...frame, type: 'media' as const, messageId: '9', order: 9, file: FILE, caption: 'Late' };
  const edit = { ...frame, type: 'edit' as const, messageId: '9', text: 'Late', file: FILE, offer: media };
  await world.handle({ ...edit, offer: undefined });
  expect(await Array.fromAsync(world.drafts.entries())).toEqual([]);
  await world.handle(edit);
  const [begun, ...others] = await Array.fromAsync(world.drafts.entries());
  expect(others).toEqual([]);
  expect(begun?.[1]).toMatchObject({ caption: 'Late', files: [{ id: '9' }] });
  await world.drafts.delete(begun?.[0] ?? '');
  await world.handle(edit);
  expect(await Array.fromAsync(world.drafts.entries())).toEqual([]);
});

it('keeps no more than the last of the answers that gave a caption', async () => {
  await using world = await createAccessWorld();
  const { draft, answer } = await startDraft(world, { caption: 'First', typed: [typed('1', 'First')] });
  for (const id of ['50', '51', '52']) await answer(`Answer ${id}`, id);
  expect((await draft()).typed?.map(({ messageId }) => messageId)).toEqual(['1', '52']);
});

it('says on the card how the rest of an album is sent, and whose texts it has joined', async () => {
  await using world = await createAccessWorld();
  const part = { ...file('1'), album: 'a', isAlbumPart: true as const };
  const { shows } = await startDraft(world, {
    files: [part],
    caption: 'One\nTwo',
    typed: [typed('1', 'One'), typed('2', 'Two')],
  });
  const card = await shows('Nod has 1 file of this album');
  expect(card).toContain('reply to each with /post, or send them as a reply to this card');
  expect(card).toContain('Two\nJoined from the texts of 2 messages.');
});

it('lets the next text answer the latest question in a private chat, which then goes', async () => {
  await using world = await createAccessWorld();
  const place = { chat: ana.id, workspace: ana.id };
  await world.access.admit({ ...alone(ana), title: ana.name });
  await world.workspaces.meet(alone(ana));
  await world.workspaces.beginTimeZone(ana.id, 'UTC');
  const { press, draft, questions } = await startDraft(world, { caption: 'Frist', ...place });
  await press('when');
  await press('caption');
  const [time, caption] = questions();
  expect(world.telegram.removed).toEqual([time]);
  await world.handle({ ...alone(ana), type: 'text', text: 'First', messageId: '50' });
  expect(await draft()).toMatchObject({ caption: 'First' });
  expect(world.telegram.removed).toEqual([time, caption]);
  await world.handle({ ...alone(ana), type: 'text', text: 'Hello?', messageId: '51' });
  expect(await draft()).toMatchObject({ caption: 'First' });
});

it('leaves a question open whose answer cannot be, and answers it with the next text', async () => {
  await using world = await createAccessWorld();
  await world.access.admit({ ...alone(ana), title: ana.name });
  await world.workspaces.meet(alone(ana));
  await world.workspaces.beginTimeZone(ana.id, 'UTC');
  const place = { chat: ana.id, workspace: ana.id };
  await world.post('planned', { status: 'in_review', since: 0, expiresAt: 9e12 }, place);
  const message = await world.message(ana.id);
  const press = encodePress({ on: 'post', id: 'planned', verb: 'when' });
  await world.handle({
    ...alone(ana),
    type: 'press',
    press,
    message,
    isOnMessage: true,
    answer: async () => {},
  });
  await world.handle({ ...alone(ana), type: 'text', text: 'some day' });
  expect(world.telegram.removed).toEqual([]);
  await world.handle({ ...alone(ana), type: 'text', text: 'now' });
  expect(world.telegram.removed).toHaveLength(1);
});

it('leaves the question for a time open until it is answered with one that can be', async () => {
  await using world = await createAccessWorld();
  await world.access.admit({ ...alone(ana), title: ana.name });
  await world.workspaces.meet(alone(ana));
  await world.workspaces.beginTimeZone(ana.id, 'UTC');
  const { press, draft, questions } = await startDraft(world, { chat: ana.id, workspace: ana.id });
  await press('when');
  await world.handle({ ...alone(ana), type: 'text', text: 'soonish' });
  expect(await draft()).toMatchObject({ plan: { problem: { code: 'when_unclear' } } });
  expect(world.telegram.removed).toEqual([]);
  await world.handle({ ...alone(ana), type: 'text', text: 'tomorrow 18:00' });
  expect(await draft()).toMatchObject({ plan: { at: expect.any(Number) } });
  expect(world.telegram.removed).toEqual(questions());
});

it('takes only a reply for an answer in a group', async () => {
  await using world = await createAccessWorld();
  const { press, draft, questions } = await startDraft(world, { caption: 'Frist' });
  await press('caption');
  const [id = ''] = questions();
  await world.handle({ ...inPlace(GROUP, ana), type: 'text', text: 'Just talk' });
  expect(await draft()).toMatchObject({ caption: 'Frist' });
  const replyTo = { chat: GROUP.chat, id };
  await world.handle({ ...inPlace(GROUP, ana), type: 'text', text: 'First', replyTo });
  expect(await draft()).toMatchObject({ caption: 'First' });
  expect(world.telegram.removed).toEqual([id]);
});

/** Remembers what a message of the bot's is about. */
const anchor = ({ nod }: AccessWorld, { chat, id }: MessageRef, subject: string) =>
  nod.stores.store<{ version: number; subject: string }>('anchors').create(`${chat} ${id}`, { subject });

/** A draft of Ana's of the messages 1 and 2, on a card of its own. */
async function startDraft(world: AccessWorld, fields: Partial<Draft>) {
  const { id, chat } = await world.draft('draft', fields);
  const card = await world.message(chat);
  await anchor(world, card, id);
  const place = (who: Person) => (chat === GROUP.chat ? inPlace(GROUP, who) : alone(who));

  async function draft(): Promise<Draft> {
    const found = await world.drafts.get(id);
    if (found === undefined) throw new Error('The draft is gone.');
    return found;
  }

  const edit = (messageId: string, text: string, who: Person = ana, shown?: OfferedFile) =>
    world.handle({ ...place(who), type: 'edit', messageId, text, file: shown });

  const answer = (text: string, messageId?: string) =>
    world.handle({ ...place(ana), type: 'text', text, messageId, replyTo: card });

  function offer(messageId: string, who: Person, replyTo: MessageRef = card): Promise<void> {
    const event: ChatEventOf<'media'> = {
      ...place(who),
      type: 'media',
      messageId,
      order: Number(messageId),
      file: { ...FILE, ref: messageId },
      replyTo,
      isOnlyReply: true,
    };
    return world.handle(event);
  }

  const press = (verb: string) =>
    world.handle({
      ...place(ana),
      type: 'press',
      press: encodePress({ on: 'draft', id, verb }),
      message: card,
      isOnMessage: true,
      answer: async () => {},
    });

  /** The card, once it says this. */
  const shows = (text: string) => {
    world.chats.cardQueue.touch(id);
    return world.telegram.until(() => world.telegram.show().find((said) => said.includes(text)));
  };

  /** The ids of the messages that ask Ana for a text. */
  const questions = (): string[] =>
    world.telegram.messages
      .filter(({ versions }) => textOf(versions[0]?.card).includes('reply to this'))
      .map(({ ref }) => ref.id);

  return {
    draft,
    captionOf: async () => (await draft()).caption,
    edit,
    answer,
    offer,
    press,
    shows,
    questions,
  };
}

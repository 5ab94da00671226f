import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ComposingWorld, createComposingWorld, isReady } from '../composing.ts';
import { ANA, BEN } from '../posts.ts';

/** Holds all files of the chat back until it is told to hand them out. */
function holdFiles({ chat }: ComposingWorld) {
  const opened = Promise.withResolvers<void>();
  for (const [ref, open] of chat) {
    chat.set(ref, async (turn): Promise<Readable> => {
      await opened.promise;
      return open(turn);
    });
  }
  return opened.resolve;
}

describe('a person who offers many photos', () => {
  it('does not keep somebody else waiting behind all of them', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenDraft } = chat.openComposer();
    const many = await Promise.all(Array.from({ length: 60 }, (_, index) => chat.photo(String(index + 1))));
    const one = await chat.photo('100', { person: BEN, chat: 'telegram:2:0', workspace: 'telegram:2' });
    const handOut = holdFiles(chat);
    for (const offer of many) await composer.offer(offer);
    const offered = await composer.offer(one);
    handOut();
    await whenDraft(offered?.id ?? '', isReady);
    const all = await Array.fromAsync(drafts.entries(), ([, draft]) => draft);
    const ahead = all.filter((draft) => draft.author.id === ANA.id && isReady(draft));
    expect(ahead.length).toBeLessThan(10);
  });
});

import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createJoinCodes, type JoinCode, type JoinOffer } from '../../../src/core/accounts/join-codes.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { ANA, CHAT, WORKSPACE } from '../posts.ts';

const HOUR = 3_600_000;
const OFFER = { workspace: WORKSPACE, chat: CHAT, person: ANA };
const HERE = { place: 'telegram:-2' };

function joinsAt(start = 1_000) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const clock = { now: start };
  const codes = stores.store<JoinCode>('joins');
  /** What the hook says: whether whoever made a code may still have a chat join by it. */
  const rights: { read: (offer: JoinOffer) => Promise<boolean> } = { read: async () => true };
  const joins = createJoinCodes({ codes, mayOffer: (offer) => rights.read(offer), now: () => clock.now });
  return { clock, codes, joins, rights };
}

const UNKNOWN = expect.objectContaining({ name: 'UserError', problem: { code: 'code_unknown' } });

describe('a code', () => {
  it('has eight symbols that look like nothing else', async () => {
    const { joins } = joinsAt();
    const issued = await Promise.all(Array.from({ length: 200 }, () => joins.issue(OFFER)));
    const codes = issued.map(({ code }) => code);
    for (const code of codes) expect(code).toMatch(/^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(31);
  });

  it('tells what it was issued for', async () => {
    const { joins } = joinsAt();
    const { code, expiresAt } = await joins.issue(OFFER);
    expect(expiresAt).toBe(1_000 + HOUR);
    expect(await joins.redeem(code, HERE)).toEqual(OFFER);
  });

  it.each<[string, (code: string) => string]>([
    ['in small letters', (code) => code.toLowerCase()],
    ['without its dash', (code) => code.replace('-', '')],
    ['with spaces', (code) => ` ${code.replace('-', ' ')}\n`],
    ['letter by letter', (code) => [...code].join(' ')],
    ['with another dash', (code) => code.replace('-', '–')],
    ['with marks around it', (code) => `\`${code}\`.`],
  ])('is understood %s', async (_, write) => {
    const { joins } = joinsAt();
    const { code } = await joins.issue(OFFER);
    expect(await joins.redeem(write(code), HERE)).toEqual(OFFER);
  });

  it.each(['', '-', 'ABCD-EFGH', 'ABCD-EFG', '0'.repeat(10_000), '💥', '__proto__'])(
    'is unknown where none was issued: %j',
    async (text) => {
      const { joins } = joinsAt();
      await joins.issue(OFFER);
      await expect(joins.redeem(text, HERE)).rejects.toEqual(UNKNOWN);
    },
  );

  it('is good for an hour', async () => {
    const { clock, joins } = joinsAt();
    const [early, late] = [await joins.issue(OFFER), await joins.issue(OFFER)];
    clock.now += HOUR - 1;
    expect(await joins.redeem(early.code, HERE)).toEqual(OFFER);
    clock.now += 1;
    await expect(joins.redeem(late.code, HERE)).rejects.toEqual(UNKNOWN);
  });

  it('is good for one use', async () => {
    const { joins } = joinsAt();
    const { code } = await joins.issue(OFFER);
    await joins.redeem(code, HERE);
    await expect(joins.redeem(code, HERE)).rejects.toEqual(UNKNOWN);
  });

  it('is good while whoever made it could make it now, and is unknown otherwise', async () => {
    const { joins, rights } = joinsAt();
    const { code } = await joins.issue(OFFER);
    const asked: JoinOffer[] = [];
    rights.read = async (offer) => {
      asked.push(offer);
      return false;
    };
    await expect(joins.redeem(code, HERE)).rejects.toEqual(UNKNOWN);
    expect(asked).toMatchObject([OFFER]);
    rights.read = async () => true;
    expect(await joins.redeem(code, HERE)).toEqual(OFFER);
  });

  it('stays good, and counts as no guess, where nobody can tell that', async () => {
    const { joins, rights } = joinsAt();
    const { code } = await joins.issue(OFFER);
    rights.read = () => Promise.reject(new Error('The chat does not answer.'));
    for (let tries = 0; tries < 60; tries += 1)
      await expect(joins.redeem(code, HERE)).rejects.toThrow('The chat does not answer.');
    rights.read = async () => true;
    expect(await joins.redeem(code, HERE)).toEqual(OFFER);
  });

  it('lets one of many at once have it', async () => {
    const { joins } = joinsAt();
    const { code } = await joins.issue(OFFER);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => joins.redeem(code, { place: `discord:${n}` })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(UNKNOWN);
    }
  });

  it('is kept nowhere, before and after its use', async () => {
    const { codes, joins } = joinsAt();
    const { code } = await joins.issue(OFFER);
    const [before] = await Array.fromAsync(codes.entries());
    await joins.redeem(code, HERE);
    const [after] = await Array.fromAsync(codes.entries());
    expect(before?.[0]).toMatch(/^[0-9a-f]{64}$/);
    const kept = JSON.stringify([before, after]).toUpperCase();
    expect(kept).not.toContain(code);
    expect(kept).not.toContain(code.replace('-', ''));
  });
});

describe('wrong codes', () => {
  const TOO_MANY = expect.objectContaining({ name: 'UserError', problem: { code: 'too_many_codes' } });
  const there = (number: number) => ({ place: `discord:${number}` });

  it('are five an hour in one place, after which no code is looked up there', async () => {
    const { clock, joins } = joinsAt();
    const { code } = await joins.issue(OFFER);
    clock.now += 1_000;
    for (let guess = 0; guess < 5; guess += 1)
      await expect(joins.redeem(`guess ${guess}`, HERE)).rejects.toEqual(UNKNOWN);
    await expect(joins.redeem(code, HERE)).rejects.toEqual(TOO_MANY);
    expect(await joins.redeem(code, there(1))).toEqual(OFFER);
    clock.now += HOUR - 1;
    await expect(joins.redeem('guess', HERE)).rejects.toEqual(TOO_MANY);
    clock.now += 1;
    const { code: next } = await joins.issue(OFFER);
    expect(await joins.redeem(next, HERE)).toEqual(OFFER);
  });

  it('are fifty an hour everywhere, after which no code is looked up at all', async () => {
    const { clock, joins } = joinsAt();
    for (let guess = 0; guess < 50; guess += 1)
      await expect(joins.redeem(`guess ${guess}`, there(guess % 10))).rejects.toEqual(UNKNOWN);
    const { code } = await joins.issue(OFFER);
    for (let place = 0; place < 100; place += 1)
      await expect(joins.redeem(code, there(place))).rejects.toEqual(TOO_MANY);
    clock.now += HOUR - 1;
    await expect(joins.redeem(code, HERE)).rejects.toEqual(TOO_MANY);
    clock.now += 1;
    const { code: next } = await joins.issue(OFFER);
    expect(await joins.redeem(next, there(0))).toEqual(OFFER);
  });

  it('are no more when many come at once', async () => {
    const { joins } = joinsAt();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, number) => joins.redeem(`guess ${number}`, HERE)),
    );
    const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.problem.code);
    expect(reasons.filter((code) => code === 'code_unknown')).toHaveLength(5);
    expect(reasons.filter((code) => code === 'too_many_codes')).toHaveLength(15);
  });

  it('are counted without the good ones', async () => {
    const { joins } = joinsAt();
    for (let round = 0; round < 60; round += 1) {
      const { code } = await joins.issue(OFFER);
      expect(await joins.redeem(code, HERE)).toEqual(OFFER);
    }
    for (let guess = 0; guess < 5; guess += 1)
      await expect(joins.redeem('guess', HERE)).rejects.toEqual(UNKNOWN);
    await expect(joins.redeem('guess', HERE)).rejects.toEqual(TOO_MANY);
  });
});

describe('sweeping', () => {
  it('deletes the codes that have expired, and no others', async () => {
    const { clock, codes, joins } = joinsAt();
    const { code: used } = await joins.issue(OFFER);
    await joins.issue(OFFER);
    await joins.redeem(used, HERE);
    clock.now += HOUR - 1;
    const { code: fresh } = await joins.issue(OFFER);
    await joins.sweep();
    expect(await Array.fromAsync(codes.entries())).toHaveLength(3);
    clock.now += 1;
    await joins.sweep();
    expect(await Array.fromAsync(codes.entries())).toHaveLength(1);
    expect(await joins.redeem(fresh, HERE)).toEqual(OFFER);
  });
});

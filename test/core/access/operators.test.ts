import { describe, expect, it, onTestFinished } from 'vitest';
import { createOperators } from '../../../src/core/access/operators.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { problemOf } from '../media/files.ts';

const HOUR_MS = 3_600_000;
const CODE = 'K7QM-2F4D';

const person = (id: string) => ({ id, name: id });
const ANA = person('telegram:1');
const BEN = person('telegram:2');
const CHIARA = person('discord:30');

/** Operators over real records, on a clock of their own; `start` is a start of Nod. */
function startOperators() {
  const stores = openStores({ file: ':memory:' });
  onTestFinished(() => stores.close());
  const clock = { now: 0 };
  const start = (options: { configuredCode?: string; isClaimWanted?: boolean } = {}) => {
    const operators = createOperators({
      operators: stores.store('operators'),
      claims: stores.store('claims'),
      now: () => clock.now,
      ...options,
    });
    const claim = (code: string, who = ANA) => operators.claim(code, who, async () => `chat of ${who.id}`);
    return { ...operators, claim };
  };
  return { start, clock };
}

const UNKNOWN = { code: 'claim_code_unknown' };

describe('a claim code', () => {
  it('makes its sender the operator, as people type it', async () => {
    const operators = startOperators().start({ configuredCode: CODE });
    expect(await operators.openClaim()).toBe(CODE);
    expect(await operators.isOperator(ANA)).toBe(false);
    expect(await operators.claim(' k7qm 2f4d ')).toMatchObject({ person: ANA, chat: 'chat of telegram:1' });
    expect(await operators.isOperator(ANA)).toBe(true);
    expect(await operators.isOperator(BEN)).toBe(false);
  });

  it('is good for one of those who send it at once', async () => {
    const operators = startOperators().start({ configuredCode: CODE });
    const people = Array.from({ length: 8 }, (_, index) => person(`telegram:${index + 1}`));
    const claims = await Promise.allSettled(people.map((who) => operators.claim(CODE, who)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await operators.list()).toHaveLength(1);
  });

  it('is good once for each platform, and for an hour after its first use', async () => {
    const { start, clock } = startOperators();
    const operators = start({ configuredCode: CODE });
    await operators.claim(CODE);
    expect(await problemOf(operators.claim(CODE, BEN))).toEqual(UNKNOWN);
    clock.now += HOUR_MS - 1;
    await operators.claim(CODE, CHIARA);
    expect(await problemOf(start({ configuredCode: CODE }).claim(CODE, person('discord:31')))).toEqual(
      UNKNOWN,
    );
    const late = startOperators();
    const other = late.start({ configuredCode: CODE });
    await other.claim(CODE);
    late.clock.now += HOUR_MS;
    expect(await problemOf(other.claim(CODE, CHIARA))).toEqual(UNKNOWN);
  });

  it('is made anew at each start until somebody has claimed Nod, and the old one is dead', async () => {
    const { start } = startOperators();
    const first = await start().openClaim();
    const running = start();
    const second = await running.openClaim();
    expect(first).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
    expect(second).not.toBe(first);
    expect(await running.openClaim()).toBe(second);
    expect(await problemOf(running.claim(first ?? ''))).toEqual(UNKNOWN);
    await running.claim(second ?? '');
    expect(await start().openClaim()).toBeUndefined();
  });

  it('is made anew where another operator is wanted and the one from the settings is used up', async () => {
    const { start } = startOperators();
    await start({ configuredCode: CODE }).claim(CODE);
    expect(await start({ configuredCode: CODE }).openClaim()).toBeUndefined();
    const again = start({ configuredCode: CODE, isClaimWanted: true });
    const code = await again.openClaim();
    expect(code).not.toBe(CODE);
    await again.claim(code ?? '', BEN);
    expect(await again.list()).toHaveLength(2);
  });

  it('is good no more, on no platform, once others have read it', async () => {
    const { start } = startOperators();
    const operators = start({ configuredCode: CODE });
    await operators.spoil('k7qm2f4d');
    for (const who of [ANA, CHIARA]) expect(await problemOf(operators.claim(CODE, who))).toEqual(UNKNOWN);
    const made = await operators.openClaim();
    expect(made).not.toBe(CODE);
    await operators.spoil(made ?? '');
    expect(await problemOf(operators.claim(made ?? ''))).toEqual(UNKNOWN);
    expect(await operators.openClaim()).not.toBe(made);
  });

  it.each(['', ' ', '-', '______', 'AAAA-AAAA', 'K7QM'])('is not “%s”', async (code) => {
    for (const configuredCode of [CODE, '------'])
      expect(await problemOf(startOperators().start({ configuredCode }).claim(code))).toEqual(UNKNOWN);
  });
});

describe('trying codes', () => {
  it('ends after five an hour for each person, also with the right one', async () => {
    const { start, clock } = startOperators();
    const operators = start({ configuredCode: CODE });
    for (let tries = 0; tries < 5; tries += 1)
      expect(await problemOf(operators.claim('AAAA-AAAA', BEN))).toEqual(UNKNOWN);
    expect(await problemOf(operators.claim(CODE, BEN))).toEqual({ code: 'too_many_codes' });
    clock.now += HOUR_MS;
    await operators.claim(CODE, BEN);
  });

  it('keeps nobody out for what others have tried', async () => {
    const operators = startOperators().start({ configuredCode: CODE });
    for (let tries = 0; tries < 1_000; tries += 1)
      await problemOf(operators.claim('AAAA-AAAA', person(`telegram:${100 + tries}`)));
    await operators.claim(CODE);
  });
});

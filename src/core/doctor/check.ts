import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLimiter } from '../fair-limiter.ts';

/** What a look at one thing has told, in a sentence: all is well, the one thing to do, or that nobody can say. */
export interface Finding {
  readonly state: 'ok' | 'to_do' | 'unknown';
  readonly text: string;
}

/** Something that can keep Nod from working. */
export interface Check {
  /** In a word or two. */
  readonly name: string;
  /** Looks and changes nothing; ends early where the signal says so, with what it has found by then. */
  readonly run: (signal: AbortSignal) => Promise<Finding | readonly Finding[]>;
  /** The one thing to do where there is no answer in time. */
  readonly late: string;
  /** It may take longer than others. */
  readonly isSlow?: true | undefined;
}

/** A finding with the name of its check. */
export interface CheckResult extends Finding {
  readonly check: string;
}

/** How long a check may take. */
export const PATIENCE_MS = 8_000;
/** The whole is to end within 20 seconds. */
const SLOW_FACTOR = 1.75;
/** For what has been found until the signal came. */
const GRACE_MS = 500;
/** So many accounts or places of one check are asked about at once. */
const AT_ONCE = 4;

export const ok = (text: string): Finding => ({ state: 'ok', text });
export const toDo = (text: string): Finding => ({ state: 'to_do', text });
export const unknown = (text: string): Finding => ({ state: 'unknown', text });

/** Runs all checks at once, none of them longer than its time; what they have found, in their order. */
export async function runChecks(
  checks: readonly Check[],
  { log, patienceMs = PATIENCE_MS }: { log: Logger; patienceMs?: number | undefined },
): Promise<CheckResult[]> {
  const found = await Promise.all(checks.map((check) => runOne(check, { log, patienceMs })));
  return found.flat();
}

async function runOne(
  { name: check, run, late, isSlow }: Check,
  { log, patienceMs }: { log: Logger; patienceMs: number },
): Promise<CheckResult[]> {
  const ending = new AbortController();
  const ms = isSlow ? SLOW_FACTOR * patienceMs : patienceMs;
  const timer = setTimeout(() => ending.abort(), ms);
  const done = new AbortController();
  const tooLate = delay(ms + GRACE_MS, toDo(late), { signal: done.signal }).catch(() => toDo(late));
  const failed = (error: unknown): Finding => {
    if (ending.signal.aborted) return toDo(late);
    log.warn({ err: error, check }, 'The doctor could not look at something');
    return unknown(`Nod has failed to look at this (${error instanceof Error ? error.name : 'no error'}).`);
  };
  const found = await Promise.race([run(ending.signal).catch(failed), tooLate]);
  clearTimeout(timer);
  done.abort();
  return [found].flat().map(({ state, text }) => ({ check, state, text }));
}

/** Looks at one thing after the other, some at once; for what has no answer when the signal comes, `late` is found. */
export async function findEach<T>(
  things: readonly T[],
  find: (thing: T) => Promise<Finding | undefined>,
  { signal, late }: { signal: AbortSignal; late: (thing: T) => Finding },
): Promise<Finding[]> {
  const limit = createLimiter({ concurrency: AT_ONCE });
  const found = await Promise.all(
    things.map((thing) => {
      const { promise, resolve } = Promise.withResolvers<Finding | undefined>();
      signal.addEventListener('abort', () => resolve(late(thing)), { once: true });
      const finding = limit('', () => find(thing), { signal }).catch((error) => {
        if (!signal.aborted) throw error;
        return late(thing);
      });
      return Promise.race([promise, finding]);
    }),
  );
  return found.filter((finding) => finding !== undefined);
}

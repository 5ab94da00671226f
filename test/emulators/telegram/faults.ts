// Faithful: the shapes of what goes wrong: refusals with their codes, connections cut before or after the work.
// Simplified: connections are cut after they were accepted. Missing: partial replies.

import type { Watch } from '../watch.ts';
import { ApiFailure, badRequest, tooManyRequests, unauthorized } from './failure.ts';
import type { Updates } from './updates.ts';

/** Every fault that there is. */
export const FAULT_NAMES = [
  '429',
  '5xx',
  '400',
  '401',
  '403-blocked',
  'edit-not-found',
  'drop-request',
  'drop-reply',
  'cut-download',
  'latency',
  'hold',
  'unreachable',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export type FaultOptions = {
  /**
   * A method's name, 'file' for downloads or '*' for everything. By default every method but getUpdates and no
   * downloads; edit-not-found hits the edit methods; cut-download hits downloads; 401 and unreachable hit everything, unreachable whatever is given here.
   */
  method?: string;
  /** Only requests whose parameters match. */
  when?: (parameters: Record<string, unknown>) => boolean;
  /** How many requests it hits: 1 by default; latency, hold, 401 and unreachable last until lifted. */
  times?: number;
  /** How many matching requests pass before. */
  skip?: number;
  retryAfterSeconds?: number;
  delayMs?: number;
  /** Why a 400 refuses, as Telegram words it. */
  reason?: string;
  /** The code of a 5xx, 502 by default. */
  status?: number;
  /** It need not be met. */
  mayMiss?: boolean;
};

export type Fault = {
  /** Ends the fault; held requests go on. */
  lift: () => void;
  readonly hits: number;
};

type Active = {
  name: FaultName;
  options: FaultOptions;
  left: number;
  skip: number;
  hits: number;
  lifted: Promise<void>;
};
export type Outcome =
  | { kind: 'refuse'; failure: ApiFailure }
  | { kind: 'drop-request' | 'drop-reply' | 'cut-download' };

const LASTING = new Set<FaultName>(['latency', 'hold', '401', 'unreachable']);
const EVERYTHING = new Set<FaultName>(['401', 'unreachable']);

/** Creates the book of faults in force. */
export function createFaults({ updates, watch }: { updates: Updates; watch: Watch }) {
  const active = new Set<Active>();
  const added: Active[] = [];
  const timers = new Map<NodeJS.Timeout, () => void>();
  const onUnreachable = new Set<() => boolean>();

  /** A request that is held changes nothing else that a test could wait for. */
  function noteHit(fault: Active): void {
    fault.hits++;
    watch.changed();
  }

  const delay = (ms: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        timers.delete(timer);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timers.set(timer, done);
    });

  const hits = (fault: Active, method: string, parameters: Record<string, unknown>) => {
    if (fault.left <= 0 || !covers(fault, method.toLowerCase())) return false;
    if (fault.options.when && !fault.options.when(parameters)) return false;
    if (fault.skip > 0) {
      fault.skip--;
      return false;
    }
    fault.left--;
    noteHit(fault);
    return true;
  };

  return {
    /** Puts a fault in force. */
    add(name: FaultName, options: FaultOptions = {}): Fault {
      let release = () => {};
      const lifted = new Promise<void>((resolve) => {
        release = resolve;
      });
      const left = options.times ?? (LASTING.has(name) ? Number.POSITIVE_INFINITY : 1);
      const fault: Active = { name, options, left, skip: options.skip ?? 0, hits: 0, lifted };
      active.add(fault);
      added.push(fault);
      // A poll already waiting would otherwise meet the fault only when it ends by itself.
      if (name === 'unreachable') {
        for (const cut of onUnreachable) if (cut()) noteHit(fault);
      } else if (covers(fault, 'getupdates')) updates.release();
      return {
        lift() {
          active.delete(fault);
          release();
        },
        get hits() {
          return fault.hits;
        },
      };
    },

    /** Applies what is in force to a request: waits out delays, then tells what else goes wrong. */
    async meet(method: string, parameters: Record<string, unknown>): Promise<Outcome | undefined> {
      for (const fault of [...active].filter(({ name }) => name === 'latency' || name === 'hold')) {
        if (!hits(fault, method, parameters)) continue;
        if (fault.name === 'latency') await delay(fault.options.delayMs ?? 100);
        else await fault.lifted;
      }
      for (const fault of active) {
        if (fault.name === 'latency' || fault.name === 'hold') continue;
        if (hits(fault, method, parameters)) return outcomeOf(fault);
      }
      return undefined;
    },

    /** Called with a function that cuts all connections when the server becomes unreachable, and tells if there were any. */
    onUnreachable: (cut: () => boolean) => onUnreachable.add(cut),
    /** Whether a connection is refused because the server is unreachable, which counts as a hit. */
    refuses(): boolean {
      const outage = [...active].find(({ name }) => name === 'unreachable');
      if (outage !== undefined) noteHit(outage);
      return outage !== undefined;
    },

    /** What was put in force and never met: its test would pass without it. */
    unmet: (): string[] =>
      added
        .filter(({ hits, options }) => hits === 0 && !options.mayMiss)
        .map(({ name }) => `The fault ${name} was never met.`),

    close() {
      for (const done of timers.values()) done();
      active.clear();
    },
  };
}

function covers({ name, options }: Pick<Active, 'name' | 'options'>, method: string): boolean {
  if (options.method !== undefined) return options.method === '*' || options.method.toLowerCase() === method;
  if (EVERYTHING.has(name)) return true;
  if (name === 'cut-download') return method === 'file';
  if (name === 'edit-not-found') return method.startsWith('editmessage');
  return method !== 'getupdates' && method !== 'file';
}

function outcomeOf({ name, options }: Active): Outcome {
  const status = options.status ?? 502;
  switch (name) {
    case '429':
      return { kind: 'refuse', failure: tooManyRequests(options.retryAfterSeconds ?? 1) };
    case '5xx':
      return {
        kind: 'refuse',
        failure: new ApiFailure(status, FIVE_HUNDREDS[status] ?? 'Internal Server Error'),
      };
    case '400':
      return { kind: 'refuse', failure: badRequest(options.reason ?? 'something is wrong') };
    case '401':
      return { kind: 'refuse', failure: unauthorized() };
    case '403-blocked':
      return { kind: 'refuse', failure: new ApiFailure(403, 'Forbidden: bot was blocked by the user') };
    case 'edit-not-found':
      return { kind: 'refuse', failure: badRequest('message to edit not found') };
    case 'drop-reply':
    case 'cut-download':
      return { kind: name };
    default:
      return { kind: 'drop-request' };
  }
}

const FIVE_HUNDREDS: Record<number, string> = {
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export type Faults = ReturnType<typeof createFaults>;

// Faithful: the shapes of what goes wrong: refusals with their codes, connections cut before or after the work.
// Simplified: connections are cut after they were accepted. Missing: partial replies.

import type { Watch } from '../watch.ts';
import { ApiFailure, rateLimited, unauthorized, unknownMessage } from './failure.ts';

/** Every fault that there is. */
export const FAULT_NAMES = [
  '429',
  '5xx',
  '401',
  'unknown-message',
  'drop-request',
  'drop-reply',
  'cut-download',
  'latency',
  'hold',
  'unreachable',
  'gateway-cut',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export type FaultOptions = {
  /**
   * A route's name, as in state.requests, 'cdn' for downloads or '*' for everything. By default every route but
   * getGatewayBot and no downloads; unknown-message hits edits; cut-download hits downloads; 401 hits
   * whatever needs the bot's token; unreachable hits everything, whatever is given here; gateway-cut keeps the gateway
   * away.
   */
  route?: string;
  /** Only requests whose body matches. */
  when?: (body: unknown) => boolean;
  /** How many requests it hits: 1 by default; latency, hold, 401, unreachable and gateway-cut last until lifted. */
  times?: number;
  /** How many matching requests pass before. */
  skip?: number;
  retryAfterSeconds?: number;
  /** A 429 of the global kind. */
  isGlobal?: boolean;
  delayMs?: number;
  /** Drops by a reset (ECONNRESET) rather than by closing the connection. */
  isReset?: boolean;
  /** The status of a 5xx, 502 by default. */
  status?: number;
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
  release: () => void;
};
export type Outcome =
  | { kind: 'refuse'; failure: ApiFailure }
  | { kind: 'drop-request' | 'drop-reply' | 'cut-download'; isReset: boolean };

/** Routes that go without the bot's token. */
const OPEN = new Set([
  'cdn',
  'createInteractionResponse',
  'createFollowup',
  'editInteractionMessage',
  'getInteractionMessage',
  'deleteInteractionMessage',
]);
const LASTING = new Set<FaultName>(['latency', 'hold', '401', 'unreachable', 'gateway-cut']);

/** Creates the book of faults in force. */
export function createFaults({ watch }: { watch: Watch }) {
  const active = new Set<Active>();
  const added: Active[] = [];
  const timers = new Map<NodeJS.Timeout, () => void>();
  const cuts = new Map<FaultName, () => void>();

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

  const hits = (fault: Active, route: string, body: unknown) => {
    if (fault.left <= 0 || !covers(fault, route)) return false;
    if (fault.options.when && !fault.options.when(body)) return false;
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
      const fault: Active = { name, options, left, skip: options.skip ?? 0, hits: 0, lifted, release };
      active.add(fault);
      added.push(fault);
      cuts.get(name)?.();
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
    async meet(route: string, body: unknown): Promise<Outcome | undefined> {
      for (const fault of [...active].filter(({ name }) => name === 'latency' || name === 'hold')) {
        if (!hits(fault, route, body)) continue;
        if (fault.name === 'latency') await delay(fault.options.delayMs ?? 100);
        else await fault.lifted;
      }
      for (const fault of active) {
        if (fault.name === 'latency' || fault.name === 'hold' || fault.name === 'gateway-cut') continue;
        if (hits(fault, route, body)) return outcomeOf(fault);
      }
      return undefined;
    },

    /** Called with what cuts connections when such a fault comes into force. */
    onCut: (name: 'unreachable' | 'gateway-cut', cut: () => void) => cuts.set(name, cut),
    /** Whether a connection is refused because the server is unreachable, which counts as a hit. */
    refuses(): boolean {
      const outage = [...active].find(({ name }) => name === 'unreachable');
      if (outage !== undefined) noteHit(outage);
      return outage !== undefined;
    },
    get isGatewayCut() {
      return [...active].some(({ name }) => name === 'gateway-cut');
    },

    /** What was put in force and never met: its test would pass without it. */
    unmet: (): string[] =>
      added
        .filter(({ name, hits }) => hits === 0 && name !== 'gateway-cut')
        .map(({ name }) => `The fault ${name} was never met.`),

    close() {
      for (const done of timers.values()) done();
      for (const { release } of active) release();
      active.clear();
    },
  };
}

function covers({ name, options }: Pick<Active, 'name' | 'options'>, route: string): boolean {
  if (name === 'unreachable') return true;
  if (options.route !== undefined) return options.route === '*' || options.route === route;
  if (name === '401') return !OPEN.has(route);
  if (name === 'cut-download') return route === 'cdn';
  if (name === 'unknown-message') return route === 'editMessage';
  return route !== 'getGatewayBot' && route !== 'cdn';
}

function outcomeOf({ name, options }: Active): Outcome {
  const isReset = options.isReset ?? false;
  const refuse = (failure: ApiFailure): Outcome => ({ kind: 'refuse', failure });
  switch (name) {
    case '429':
      return refuse(rateLimited(options.retryAfterSeconds ?? 1, { isGlobal: options.isGlobal ?? false }));
    case '5xx':
      return refuse(new ApiFailure(options.status ?? 502, 0, `${options.status ?? 502}: Server Error`));
    case '401':
      return refuse(unauthorized());
    case 'unknown-message':
      return refuse(unknownMessage());
    case 'drop-reply':
    case 'cut-download':
      return { kind: name, isReset };
    default:
      return { kind: 'drop-request', isReset };
  }
}

export type Faults = ReturnType<typeof createFaults>;

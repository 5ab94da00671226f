import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createComplaints, openConnection } from '../../storage/redis/ioredis.ts';
import type { Cluster } from '../cluster.ts';
import { createSharedLimiter } from './call-limits.ts';
import { createLease, LEASE_MS, readLeader, readVotesUntil } from './lease.ts';
import { createLocks } from './lock.ts';
import { createNewsStream } from './news-stream.ts';

/** A call that Redis does not answer for so long has failed. */
const PATIENCE_MS = 10_000;
const LEADER_KNOWN_MS = 500;
const LOOK_EVERY_MS = 100;
const MARGIN_MS = 2_000;

/** How a process takes part. */
export interface Membership {
  /** Where the other processes reach this one: a base URL without a slash at its end. */
  readonly address: string;
  /** This process leads from now on, and maybe because the one before it ended without a word. */
  readonly onLed: (how: { isTakeOver: boolean }) => void;
  /** Another one does: nothing helps but a new start, as nobody knows what was still under way. */
  readonly onLost: () => void;
  /** Another process has ended without a word, and may have left something undone. */
  readonly onGone: () => void;
}

/** Takes part in a Nod of several processes, which find each other in Redis. */
export async function openCluster({
  url,
  id,
  mayLead,
  log,
}: {
  url: string;
  /** Of this process, and of the next one in its place. */
  id: string;
  mayLead: boolean;
  log: Logger;
}) {
  /** Of this run of the process. */
  const runId = randomUUID();
  const complaints = createComplaints(
    log,
    'The processes of this Nod cannot reach each other over Redis; it is tried on',
  );
  const failed = complaints.tell;
  let lease: ReturnType<typeof createLease> | undefined;
  let known: { readonly address: string | undefined; readonly at: number } | undefined;
  const client = openConnection(url, failed, { commandTimeout: PATIENCE_MS });
  const reader = openConnection(url, failed);
  const stream = createNewsStream({ client, reader, id: runId, failed });
  const { exclusively } = createLocks({ client, failed });

  client.on('ready', complaints.clear);

  /** Leads as soon as nobody else does, where this process may. */
  async function start(membership: Membership): Promise<void> {
    const own = createLease({ ...membership, client, id, runId, mayLead, failed });
    lease = own;
    stream.listen((news) => {
      if (news.type === 'free') void own.beat();
    });
    await own.beat();
  }

  /** Whether it leads before the lease of one that was killed could have ended. */
  async function leadsSoon(): Promise<boolean> {
    const until = performance.now() + LEASE_MS + MARGIN_MS;
    while (!isLeading() && performance.now() < until) await delay(LOOK_EVERY_MS);
    return isLeading();
  }

  const isLeading = (): boolean => lease !== undefined && lease.number() > 0;

  async function leader(): Promise<string | undefined> {
    if (known !== undefined && performance.now() - known.at < LEADER_KNOWN_MS) return known.address;
    known = { address: await readLeader(client), at: performance.now() };
    return known.address;
  }

  async function close(): Promise<void> {
    const hasLed = isLeading();
    await lease?.stop().catch(() => {});
    if (hasLed) await stream.tell({ type: 'free' });
    stream.stop();
    client.disconnect();
  }

  const cluster: Cluster = {
    isShared: true,
    isLeading,
    votesReadUntil: () => readVotesUntil(client),
    leader,
    tell: (news) => void stream.tell(news),
    listen: stream.listen,
    exclusively,
    limitCalls: (options) => createSharedLimiter(client, options),
  };
  await stream.start();
  return {
    ...cluster,
    start,
    leadsSoon,
    [Symbol.asyncDispose]: close,
    /** Whether Redis has said lately that this process leads: one that was held up must not act before. */
    mayAct: () => lease?.isHeld() === true,
    /** With what the records refuse a process whose lease has ended. */
    fence: () => String(lease?.number() ?? 0),
    /** Told that the records refuse what this process writes as the one that leads. */
    refused: () => lease?.refused(),
    /** Says that what came while nobody led has been read, and all that comes is from now on. */
    votesAreRead: () => lease?.votesAreRead(),
  };
}

export type SharedCluster = Awaited<ReturnType<typeof openCluster>>;

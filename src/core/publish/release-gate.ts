import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedMedia } from '../media/types.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { SealedSecret } from '../storage/secrets.ts';
import type { ChunkPlan } from '../tiktok/types.ts';

/** How often it is looked whether another process has released an attempt. */
const LOOK_EVERY_MS = 50;

/** A file of an attempt, by the name that its URL ends with. */
export interface AttemptFile {
  readonly name: string;
  /** Its key in the media store. */
  readonly key: string;
  readonly bytes: number;
  readonly contentType: string;
}

/** Where the chunks of an upload go, and how long they may. */
export interface UploadTarget {
  readonly url: SealedSecret;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly plan: ChunkPlan;
}

/**
 * One try to publish one post. It ends as `released` or `revoked`, by compare-and-set, and the first of them stands; an
 * upload is `uploading` before that.
 */
export type Attempt = Versioned & {
  /** Unguessable: whoever knows it can read the media while the gate is open. */
  readonly id: string;
  readonly postId: string;
  readonly files: readonly AttemptFile[];
  /** When `init` was about to be called; it is never called a second time for one attempt. */
  readonly calledAt?: number;
  /** Absent for a pull. */
  readonly transfer?: 'upload' | undefined;
} & (
    | { readonly state: 'sealed' }
    /** TikTok awaits chunks, and has not been sent the last one. */
    | { readonly state: 'uploading'; readonly publishId: string; readonly upload: UploadTarget }
    /** Bytes may leave; of an upload, also the last ones. */
    | { readonly state: 'released'; readonly publishId: string; readonly upload?: UploadTarget }
    | { readonly state: 'revoked' }
  );

export type Admission =
  | { readonly state: 'released'; readonly attempt: Attempt; readonly file: AttemptFile }
  | { readonly state: 'sealed'; readonly attempt: Attempt; readonly file: AttemptFile }
  | { readonly state: 'gone' };

/**
 * The release gate: bytes leave only when the `publish_id` that they are for is on our disk.
 *
 * TikTok pulls the media from us, so what it started without our knowing can never become a post: its URLs answer 404.
 * An upload cannot become one before its last chunk: that is not sent before `released` is on the disk.
 */
export function createReleaseGate({
  attempts,
  isShared = false,
  now,
}: {
  attempts: Store<Attempt>;
  /** Other processes may change attempts. */
  isShared?: boolean | undefined;
  now: () => number;
}) {
  /** Attempts that change no more, so that a picture need not cost a read of the database each. */
  const known = new Map<string, Attempt>();
  /** Attempts that we have opened and not settled, as they were last written here. */
  const ours = new Map<string, Attempt>();
  /** Counts up, so that what was read before a closing is not remembered after it. */
  let closings = 0;
  const changes = new EventEmitter().setMaxListeners(0);

  /** Saves a new attempt, sealed. */
  async function open({
    postId,
    media,
    transfer,
  }: {
    postId: string;
    media: readonly PreparedMedia[];
    transfer?: 'upload' | undefined;
  }): Promise<Attempt> {
    const id = randomBytes(24).toString('base64url');
    const files = media.map((item, index) => ({
      name: `${index + 1}${item.contentType === 'video/mp4' ? '.mp4' : '.jpg'}`,
      key: item.file.key,
      bytes: item.file.bytes,
      contentType: item.contentType,
    }));
    const attempt = await attempts.create(id, { id, postId, files, transfer, state: 'sealed' });
    if (attempt === undefined)
      throw new Error('A fresh attempt id is taken: the random source repeats itself.');
    ours.set(id, attempt);
    return attempt;
  }

  /** For whoever acts on the attempt: what follows from an old copy is refused by the next write. */
  async function read(id: string): Promise<Attempt | undefined> {
    return ours.get(id) ?? readSaved(id);
  }

  const readSaved = async (id: string): Promise<Attempt | undefined> =>
    known.get(id) ?? remember(() => attempts.get(id));

  /** Takes the right to make the one `init` call; false when it was taken before, by us or by a process that died. */
  async function claimCall(id: string): Promise<boolean> {
    const attempt = ours.get(id) ?? (await attempts.get(id));
    if (attempt === undefined || attempt.state !== 'sealed' || attempt.calledAt !== undefined) return false;
    const claimed = await attempts.replace(id, attempt, { ...attempt, calledAt: now() });
    if (claimed !== undefined && ours.has(id)) ours.set(id, claimed);
    return claimed !== undefined;
  }

  /** Notes for which publish, and where to, the chunks of an upload go; the attempt as it is now. */
  async function accept(
    id: string,
    { publishId, upload }: { publishId: string; upload: UploadTarget },
  ): Promise<Attempt | undefined> {
    const accepted = await attempts.update(
      id,
      (attempt) =>
        attempt.state === 'sealed' ? { ...attempt, state: 'uploading', publishId, upload } : undefined,
      ours.get(id),
    );
    if (accepted?.state === 'uploading' && ours.has(id)) ours.set(id, accepted);
    else ours.delete(id);
    return accepted;
  }

  const release = (id: string, publishId: string) =>
    settle(id, (attempt) => ({ ...attempt, state: 'released', publishId }));

  const revoke = (id: string) => settle(id, (attempt) => ({ ...attempt, state: 'revoked' }));

  /** Makes the first change; the attempt as it stands, whoever changed it. Undefined when it was closed. */
  async function settle(id: string, change: (attempt: Attempt) => Attempt): Promise<Attempt | undefined> {
    const settled = await remember(() =>
      attempts.update(id, (attempt) => (isOpen(attempt) ? change(attempt) : undefined), ours.get(id)),
    );
    ours.delete(id);
    if (settled !== undefined) changes.emit(id);
    return settled;
  }

  /** Forgets an attempt whose post needs it no more; from here on its URLs answer 404. */
  async function close(id: string): Promise<void> {
    await attempts.delete(id);
    closings += 1;
    known.delete(id);
    ours.delete(id);
    changes.emit(id);
  }

  /** What a request for a file gets now. A sealed attempt is waited for, `waitMs` at most. */
  async function admit(
    id: string,
    fileName: string,
    { waitMs, signal }: { waitMs: number; signal?: AbortSignal },
  ): Promise<Admission> {
    const first = await lookUp(id, fileName);
    if (first.state !== 'sealed' || waitMs <= 0) return first;
    const enough = new AbortController();
    const limits = [enough.signal, AbortSignal.timeout(waitMs), ...(signal ? [signal] : [])];
    const over = AbortSignal.any(limits);
    const changed = once(changes, id, { signal: over }).catch(() => {});
    // The release may have come between the look and the listening.
    let admission = await lookUp(id, fileName);
    while (admission.state === 'sealed' && !over.aborted) {
      // Of what another process does nothing is heard here.
      await (isShared ? Promise.race([changed, delay(LOOK_EVERY_MS)]) : changed);
      admission = await lookUp(id, fileName);
    }
    enough.abort();
    return admission;
  }

  async function lookUp(id: string, fileName: string): Promise<Admission> {
    const attempt = await readSaved(id);
    const file = attempt?.files.find((candidate) => candidate.name === fileName);
    if (attempt === undefined || file === undefined || attempt.state === 'revoked') return { state: 'gone' };
    // What is uploaded leaves by no other way.
    if (attempt.transfer === 'upload' || attempt.state === 'uploading') return { state: 'gone' };
    return { state: attempt.state, attempt, file };
  }

  const list = async (): Promise<Attempt[]> => {
    const all = await Array.fromAsync(attempts.entries());
    return all.map(([, attempt]) => attempt);
  };

  /**
   * Closes attempts that no post refers to, as a crash may leave them behind. They were listed before the posts were
   * read: one that was sealed then may just be getting its post, in another process, and is left if it is released.
   */
  async function sweep(left: readonly Attempt[]): Promise<void> {
    for (const attempt of left) {
      const { id } = attempt;
      const current = isOpen(attempt) ? await revoke(id) : undefined;
      if (current?.state !== 'released') await close(id);
    }
  }

  async function remember(look: () => Promise<Attempt | undefined>): Promise<Attempt | undefined> {
    const before = closings;
    const attempt = await look();
    const isFinal = attempt !== undefined && !isOpen(attempt);
    // Where another process may close it, each look has to be one at the database.
    if (isFinal && before === closings && !isShared) known.set(attempt.id, attempt);
    return attempt;
  }

  return { open, read, claimCall, accept, release, revoke, close, admit, list, sweep };
}

export type ReleaseGate = ReturnType<typeof createReleaseGate>;

/** Whether nothing has been decided about the attempt yet. */
const isOpen = ({ state }: Attempt): boolean => state === 'sealed' || state === 'uploading';

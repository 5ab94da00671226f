import type { Clock } from './clock.ts';
import { judgeMedia, readVideoCover } from './judge.ts';
import type { EmulatorOptions } from './options.ts';
import type { Posts } from './posts.ts';
import type { Puller } from './pull.ts';
import { type Grant, type Publish, type PublishStatus, randomInt64, type State } from './state.ts';
import type { Webhooks } from './webhooks.ts';

type Parts = {
  state: State;
  clock: Clock;
  options: EmulatorOptions;
  puller: Puller;
  posts: Posts;
  webhooks: Webhooks;
  changed: () => void;
};

type Pull = { publish: Publish; signal: AbortSignal; sent: () => void; stopTimeout: () => void };

/** Takes a publish from the pull to its end; every step is in `history` and wakes whoever waits for it. */
export function createLifecycle({ state, clock, options, puller, posts, webhooks, changed }: Parts) {
  const pulls = new Map<string, AbortController>();
  const held = new Set<string>();

  /** Starts the pull. `firstGetSent` also resolves when no GET will ever be sent. */
  function begin(publish: Publish) {
    const abort = new AbortController();
    pulls.set(publish.publishId, abort);
    const stopTimeout = clock.after(options.pull.timeoutMs, () => fail(publish, pullFailure(publish)));
    abort.signal.addEventListener('abort', stopTimeout);
    const firstGetSent = new Promise<void>((sent) => {
      if (options.pull.never) sent();
      else void pull({ publish, signal: abort.signal, sent, stopTimeout }).finally(sent);
    });
    return { firstGetSent };
  }

  async function pull({ publish, signal, sent, stopTimeout }: Pull) {
    try {
      if (options.pull.delayMs > 0) await clock.wait(options.pull.delayMs);
      await puller.pullAll(publish, signal, sent);
    } catch {
      if (!signal.aborted) fail(publish, pullFailure(publish));
      return;
    }
    if (signal.aborted) return;
    stopTimeout();
    process(publish);
  }

  /** All bytes are here: from now on it becomes a post, or fails. */
  function process(publish: Publish) {
    publish.stage = 'processing';
    const cover = readVideoCover(publish);
    if (cover !== undefined) publish.videoCoverMs = cover;
    changed();
    clock.after(options.processingMs, () => finishProcessing(publish));
  }

  function finishProcessing(publish: Publish) {
    if (publish.stage !== 'processing' || publish.hangs) return;
    const creator = state.creators.find((one) => one.username === publish.creator);
    const reason = publish.plannedFailure ?? (creator && judgeMedia(publish, creator, options));
    if (reason) return fail(publish, reason);
    if (publish.mode === 'MEDIA_UPLOAD') {
      enter(publish, 'SEND_TO_USER_INBOX');
      void webhooks.announce(publish, 'post.publish.inbox_delivered');
      return;
    }
    complete(publish, publish.postInfo.privacy_level === 'PUBLIC_TO_EVERYONE');
  }

  /** Posted; a public post gets its id after moderation only. */
  function complete(publish: Publish, isPublic: boolean) {
    const at = clock.now();
    publish.postedAt ??= at;
    enter(publish, 'PUBLISH_COMPLETE');
    const sayComplete = () => void webhooks.announce(publish, 'post.publish.complete');
    if (isPublic && options.webhooks.availableBefore === 'complete') {
      void approve(publish, at).then(sayComplete);
      return;
    }
    sayComplete();
    if (!isPublic) return;
    clock.after(options.moderationMs, () => {
      if (!held.has(publish.publishId)) void approve(publish, at);
    });
  }

  /** Makes a new post of it public. */
  async function approve(publish: Publish, postedAt: number) {
    held.delete(publish.publishId);
    const { earlyPostId, postIds } = publish;
    const isTold = earlyPostId !== undefined && !postIds.includes(earlyPostId);
    const postId = isTold ? earlyPostId : randomInt64();
    postIds.push(postId);
    posts.addOf(publish, postId, postedAt);
    if (!isTold) await sayAvailable(publish, postId);
  }

  const sayAvailable = (publish: Publish, postId: string, delayMs?: number) =>
    webhooks.announce(publish, 'post.publish.publicly_available', { post_id: postId }, delayMs);

  function takeDown(publish: Publish) {
    for (const postId of publish.postIds.splice(0)) {
      const post = state.posts.find((one) => one.id === postId);
      if (post) post.isPublic = false;
      void webhooks.announce(publish, 'post.publish.no_longer_publicaly_available', { post_id: postId });
    }
  }

  /** What was taken down is public again under its id; a publish that never was gets its first post. */
  function allow(publish: Publish) {
    const gone = state.posts.filter((one) => one.publishId === publish.publishId && !one.isPublic);
    if (gone.length === 0) void approve(publish, publish.postedAt ?? clock.now());
    for (const post of gone) {
      post.isPublic = true;
      publish.postIds.push(post.id);
      void sayAvailable(publish, post.id);
    }
  }

  function fail(publish: Publish, reason: string) {
    if (publish.stage === 'settled') return;
    publish.failReason = reason;
    enter(publish, 'FAILED');
    pulls.get(publish.publishId)?.abort();
    void webhooks.announce(publish, 'post.publish.failed', { reason });
  }

  function enter(publish: Publish, status: PublishStatus) {
    publish.status = status;
    publish.stage = 'settled';
    publish.finishedAt = clock.now();
    const { failReason } = publish;
    publish.history.push({ status, at: clock.now(), ...(failReason !== undefined && { failReason }) });
    changed();
  }

  function find(publishId: string) {
    const publish = state.publishes.find((one) => one.publishId === publishId);
    if (!publish) throw new Error(`The emulator has no publish "${publishId}".`);
    return publish;
  }

  return {
    begin,
    process,
    fail,

    /** The person finishes a draft in the app; doing it again makes a second post of it. */
    completeDraft(publishId: string, { isPublic = true }: { isPublic?: boolean } = {}) {
      const publish = find(publishId);
      const isFinished = publish.status === 'SEND_TO_USER_INBOX' || publish.status === 'PUBLISH_COMPLETE';
      if (publish.mode !== 'MEDIA_UPLOAD' || !isFinished) {
        throw new Error('Only a draft that has reached the inbox can be completed.');
      }
      complete(publish, isPublic);
    },

    /** Tells the id of the post to come before anything else is told. */
    async announceEarly(publish: Publish) {
      publish.earlyPostId = randomInt64();
      await sayAvailable(publish, publish.earlyPostId, 0);
    },

    /** `hold` keeps a public post without an id until `approve`; `remove` takes down, `approve` brings back. */
    setModeration(publishId: string, decision: 'approve' | 'hold' | 'remove') {
      const publish = find(publishId);
      if (decision === 'hold') held.add(publishId);
      else if (decision === 'approve') allow(publish);
      else takeDown(publish);
      changed();
    },

    /** Ends tokens and running posts of a creator with an app, and says so. Reasons: 1 the user, 5 the developer. */
    removeAuthorization(grant: Pick<Grant, 'clientKey' | 'creator' | 'openId'>, reason: number) {
      const isSame = (one: { clientKey: string; creator: string }) =>
        one.clientKey === grant.clientKey && one.creator === grant.creator;
      for (const token of state.tokens) if (token.grant && isSame(token.grant)) token.revoked = true;
      state.grants = state.grants.filter((one) => !isSame(one));
      for (const publish of state.publishes.filter(isSame)) fail(publish, 'auth_removed');
      void webhooks.send(grant, 'authorization.removed', { reason });
    },

    close() {
      for (const abort of pulls.values()) abort.abort();
    },
  };
}

export type Lifecycle = ReturnType<typeof createLifecycle>;

function pullFailure(publish: Publish) {
  return publish.mediaType === 'PHOTO' ? 'photo_pull_failed' : 'video_pull_failed';
}

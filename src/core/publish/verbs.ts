import { UserError } from '../problems.ts';
import { linksOf, type Post, type PostStatus } from './post.ts';

/** In which statuses each thing can be done that people want with a post; `bots/text/not-now.ts` has words for all others. */
export const APPLIES = {
  vote: ['preparing', 'in_review'],
  /** Says why it was rejected. */
  explain: ['rejected'],
  /** TikTok has not been asked yet. */
  plan: ['preparing', 'in_review', 'queued'],
  cancel: ['preparing', 'in_review', 'on_hold', 'queued', 'submitting', 'uploading', 'processing'],
  /** An unconfirmed post too: it takes a person who has looked at the account to say that it is not there. */
  retry: ['expired', 'cancelled', 'failed', 'unconfirmed'],
  /** Chooses anew who can see it. */
  rechoose: ['on_hold'],
  /** Sends it to the TikTok inbox where it cannot go to the profile. */
  reroute: ['on_hold', 'failed'],
  /** Posts it without the AI label that TikTok does not take. */
  unlabel: ['failed'],
  /** What is live, in the inbox or perhaps there is not changed by posting it once more. */
  edit: [
    'preparing',
    'in_review',
    'on_hold',
    'queued',
    'rejected',
    'expired',
    'cancelled',
    'withdrawn',
    'failed',
  ],
} as const satisfies Record<string, readonly PostStatus[]>;

export type PostVerb = keyof typeof APPLIES;

/** Whether something can be done with a post as it is now. */
export const applies = (verb: PostVerb, { status }: Pick<Post, 'status'>): boolean =>
  (APPLIES[verb] as readonly PostStatus[]).includes(status);

/** Whether votes on the post are counted, once it is reviewed at all. */
export const takesVotes = (post: Post): boolean => applies('vote', post);

/** @throws UserError naming how the post is now, where that cannot be done with it. */
export function checkApplies(verb: PostVerb, post: Post): void {
  if (!applies(verb, post)) throw notNow(verb, post);
}

/** What somebody is told who comes too late, or too early, with a post. */
export const notNow = (verb: PostVerb, post: Post): UserError =>
  new UserError({ code: 'not_now', verb, ...nowOf(post) });

/** How a post is now, for whoever is told about it. */
export const nowOf = (post: Post): { status: PostStatus; links: readonly string[] } => ({
  status: post.status,
  links: linksOf(post),
});

import type { ChatRef, Person, Post } from '../../core/publish/post.ts';
import type { Cast } from '../../core/review/ballots.ts';
import { type Mark, type ReviewPolicy, type Vote, votesOf } from '../../core/review/review.ts';
import type { Line } from '../platform.ts';
import { listOf } from '../text/format.ts';
import { type Idiom, idiomOf } from '../text/wording.ts';

/** Who has a say in these chats, in one list, for somebody in one of them. */
export function votersText(
  { roles, people, managersVote }: ReviewPolicy,
  chats: readonly ChatRef[],
  here: Idiom,
): string {
  const names = [...roles, ...people].map(({ name }) => name);
  const idioms = [...new Set(chats.map(idiomOf))].sort((a, b) => Number(b === here) - Number(a === here));
  const managers = idioms.map((idiom) => (idiom === here ? idiom.managers : idiom.managersThere));
  return listOf([...names, ...(managersVote ? managers : [])]);
}

/** Who rejects, and why. */
export function rejectionLines(votes: readonly Vote[], { rejectMark }: Idiom): Line[] {
  return votes
    .filter(({ mark }) => mark === 'reject')
    .map(({ person, reason }) => [
      `${rejectMark} ${person.name}${reason === undefined ? '' : `: “${reason}”`}`,
    ]);
}

/** How the review of a post ended and by whom, with the reasons of those who rejected it. */
export function decisionLines({
  post,
  chat,
  votes,
}: {
  post: Post;
  chat: ChatRef;
  votes: readonly Vote[];
}): Line[] {
  const decision = post.review?.decision;
  if (decision === undefined) return [];
  const idiom = idiomOf(chat);
  const names = listOf(decision.by.map(({ name }) => name));
  if (decision.outcome === 'approved') return [[`${idiom.approveMark} Approved by ${names}`]];
  const reasons = votes.filter(({ mark, reason }) => mark === 'reject' && reason !== undefined);
  const [first, ...others] = reasons;
  const headline = `${idiom.rejectMark} Rejected by ${names}`;
  const isOnes = decision.by.length === 1 && others.length === 0;
  if (first !== undefined && isOnes) return [[`${headline}: “${first.reason}”`]];
  return [[headline], ...rejectionLines(reasons, idiom)];
}

/** The title of the window that asks for a reason. */
export const WHY = 'Why not? (you may leave it empty)';
export const REASON_TAKEN = 'Your reason stands on the card.';
export const NO_REASON = 'You gave no reason, so nothing has changed.';
export const ANONYMOUS_NOTE =
  'Telegram does not say which administrator reacted anonymously, so that does not count. The buttons do.';

/** Asks for the reason of a rejection. */
export const askWhyText = ({ name }: Person): string => `${name}, reply to this to say why, if you like.`;

/** What somebody is told who takes a button back; a reaction of theirs may still stand. */
export function takenBackText(mark: Mark, person: Person, votes: readonly Vote[]): string {
  const word = mark === 'approve' ? 'approval' : 'rejection';
  const isLeft = votes.some((vote) => vote.person.id === person.id && vote.mark === mark);
  return isLeft ? `Your reaction still counts as ${word}: take it back, too.` : `Your ${word} is taken back.`;
}

/** What somebody is told whose vote was taken. */
export function castText(
  mark: Mark,
  { acts, decision }: Cast,
  { review, contentHash, publishAt }: Post,
): string {
  if (decision?.outcome === 'rejected') return 'Rejected. Nothing is posted.';
  if (decision?.outcome === 'approved')
    return publishAt === undefined ? 'Approved. It is on its way.' : 'Approved. It goes out at its time.';
  const count = votesOf(acts, contentHash).filter((vote) => vote.mark === mark).length;
  const needed = review?.policy.approvals ?? 0;
  const word = mark === 'approve' ? 'approval' : 'rejection';
  return `Your ${word} counts: ${count} of ${needed}. Press again to take it back.`;
}

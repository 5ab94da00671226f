import type { Place, Settings } from '../../core/accounts/workspaces.ts';
import type { ChatRef, Person } from '../../core/publish/post.ts';
import type { ReviewPolicy, Role } from '../../core/review/review.ts';
import { countOf, listOf } from '../text/format.ts';
import { idiomOf } from '../text/wording.ts';

const HOURS_A_DAY = 24;
const DAYS_FROM_HOURS = 96;

/** `72 h`, `7 days`. */
export function hoursText(hours: number): string {
  return hours >= DAYS_FROM_HOURS && hours % HOURS_A_DAY === 0
    ? countOf(hours / HOURS_A_DAY, 'day')
    : `${hours} h`;
}

/** A place as its people and those of another platform know it. */
export function placeName({ title, chat }: Pick<Place, 'title' | 'chat'>): string {
  const platform = idiomOf(chat).name;
  return title === '' ? `a chat on ${platform}` : `${title} (${platform})`;
}

/** Places by name, in one list. */
export const placesText = (places: readonly Place[]): string => listOf(places.map(placeName));

/** Stands for a person, a role or a place in a button, whose parts are told apart by colons. */
export const settingKey = ({ id }: { readonly id: string }): string => id.replaceAll(':', '.');

/** Who or what belongs to the same platform. */
export const platformOf = (id: string): string => id.split(':')[0] ?? '';

/** What a change has made different, for the history; undefined when nothing. */
export function changesText(before: Settings, after: Settings): string | undefined {
  const [old, now] = [before.policy, after.policy];
  const changes = [
    change('approvals', approvalsWord(old), approvalsWord(now)),
    change('managers may approve', yesNo(old.managersVote), yesNo(now.managersVote)),
    change('roles that may approve', names(old.roles), names(now.roles)),
    change('people who may approve', names(old.people), names(now.people)),
    change('the author’s own vote counts', yesNo(old.authorVotes), yesNo(now.authorVotes)),
    change('one rejection is final', yesNo(old.rejectionIsFinal), yesNo(now.rejectionIsFinal)),
    change('reviews stay open', hoursText(old.openHours), hoursText(now.openHours)),
    change('time zone', before.timeZone, after.timeZone),
  ].filter((text) => text !== undefined);
  return changes.length === 0 ? undefined : changes.join(', ');
}

/** What the history says about where the reviews of a place stand. */
export function reviewChatText(reviewChat: ChatRef | undefined): string {
  return `reviews stand: ${reviewChat === undefined ? 'where posted' : 'in one chat'}`;
}

function change(name: string, before: string, after: string): string | undefined {
  return before === after ? undefined : `${name}: ${before} → ${after}`;
}

const approvalsWord = ({ approvals }: ReviewPolicy): string => (approvals === 0 ? 'off' : String(approvals));
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const names = (all: readonly (Role | Person)[]): string => all.map(({ name }) => name).join(', ') || 'none';

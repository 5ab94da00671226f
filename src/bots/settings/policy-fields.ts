import { platformOf } from '../../core/people.ts';
import type { ReviewPolicy, Role } from '../../core/review/review.ts';
import type { Press } from '../buttons.ts';
import { settingKey } from '../buttons.ts';
import type { ChatEventOf } from '../platform.ts';
import { MAX_APPROVALS, OPEN_HOURS } from './settings-card.ts';

/** What a press makes of the policy. */
export type PolicyChange = (policy: ReviewPolicy) => ReviewPolicy;

/** The change that a button or a menu of the settings stands for; undefined when it stands for something else. */
export function policyChangeOf(
  { id, verb, argument = '' }: Press,
  event: Pick<ChatEventOf<'press'>, 'chat' | 'workspace' | 'picked'>,
): PolicyChange | undefined {
  if (verb === 'pick') return pickChange(id, event);
  if (verb === 'drop') return dropChange(id, argument);
  return verb === 'set' ? setChange(id, argument) : undefined;
}

function setChange(id: string, argument: string): PolicyChange | undefined {
  if (id === 'approvals') {
    const approvals = /^\d{1,2}$/.test(argument) ? Number(argument) : MAX_APPROVALS + 1;
    return approvals > MAX_APPROVALS ? undefined : (policy) => ({ ...policy, approvals });
  }
  if (id === 'hours') {
    const openHours = OPEN_HOURS.find((hours) => String(hours) === argument);
    return openHours && ((policy) => ({ ...policy, openHours }));
  }
  const value = argument === 'yes' ? true : argument === 'no' ? false : undefined;
  if (value === undefined) return undefined;
  switch (id) {
    case 'managers':
      return (policy) => ({ ...policy, managersVote: value });
    case 'author':
      return (policy) => ({ ...policy, authorVotes: value });
    case 'rejection':
      return (policy) => ({ ...policy, rejectionIsFinal: value });
    case 'linked':
      return (policy) => ({ ...policy, linkedVoters: value });
    default:
      return undefined;
  }
}

/** A menu names all of its own platform, and the roles of its own place; who was named elsewhere stays. */
function pickChange(
  id: string,
  { chat, workspace, picked }: Pick<ChatEventOf<'press'>, 'chat' | 'workspace' | 'picked'>,
): PolicyChange | undefined {
  if (picked === undefined) return undefined;
  const own = picked.map((each) => ({ id: each.id, name: each.name }));
  if (id === 'roles') {
    const isElsewhere = ({ place }: Role) => place !== workspace;
    const here = own.map((role) => ({ ...role, place: workspace }));
    return (policy) => ({ ...policy, roles: [...policy.roles.filter(isElsewhere), ...here] });
  }
  const isForeign = (named: { id: string }) => platformOf(named.id) !== platformOf(chat);
  if (id === 'people')
    return (policy) => ({ ...policy, people: [...policy.people.filter(isForeign), ...own] });
  return undefined;
}

function dropChange(id: string, key: string): PolicyChange | undefined {
  const stays = (named: { id: string }) => settingKey(named) !== key;
  if (id === 'roles') return (policy) => ({ ...policy, roles: policy.roles.filter(stays) });
  if (id === 'people') return (policy) => ({ ...policy, people: policy.people.filter(stays) });
  return undefined;
}

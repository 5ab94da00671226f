import type { App } from '../../src/app.ts';
import { discordOf, setApprovals, type World } from '../world.ts';
import type { ReviewCard } from './chat.ts';
import { followForDays } from './days.ts';
import { createDiscordChat } from './discord-chat.ts';
import type { DemoOptions, Group } from './options.ts';
import { postGroup } from './post.ts';
import { reviewGroup } from './review.ts';
import type { DemoPost, Tell } from './story.ts';
import { createTeam, type Team } from './team.ts';
import { createTelegramChat } from './telegram-chat.ts';

/** As the settings of the demo's Nod name it. */
export const CLAIM_CODE = 'K7QM-2F4D';

export interface Play {
  readonly options: DemoOptions;
  readonly world: World;
  /** The running Nod. */
  readonly app: Pick<App, 'clockMoved'>;
  readonly tell: Tell;
  /** Puts the faults in force, as soon as what they could spoil is there. */
  readonly armFaults: () => void;
}

const CLAIMS = 'claims this Nod, with the code that its start printed';
export const CONNECTS = 'asks to connect, opens the link, allows Nod on TikTok’s page';
const REASON = 'We had this one already.';

/** Ana posts every group of files in each chat. */
export async function playAlone({ options, world, tell, armFaults }: Play): Promise<DemoPost[]> {
  const posts: DemoPost[] = [];
  for (const name of options.chats) {
    const chat = name === 'discord' ? createDiscordChat(world) : createTelegramChat(world);
    tell({ event: 'chat', name: chat.name });
    tell({ event: 'person', who: 'Ana', does: CLAIMS });
    await chat.claim(CLAIM_CODE);
    tell({ event: 'person', who: 'Ana', does: CONNECTS });
    tell({ event: 'note', text: await chat.connect() });
    if (name === 'discord') {
      tell({ event: 'person', who: 'Ana', does: 'sets in /tiktok settings that nobody has to approve' });
      await setApprovals(discordOf(world), 0);
    }
    armFaults();
    for (const group of options.groups) posts.push(await postGroup(group, chat, world, tell));
  }
  return posts;
}

/** A team approves every group of files, then rejects the first of them that comes again. */
export async function playTeam({ options, world, tell, armFaults }: Play): Promise<DemoPost[]> {
  const { chats, groups, approvals = 1 } = options;
  const team = createTeam(world, chats, approvals);
  tell({ event: 'scene', text: castWords(team) });
  await connectHome(team, tell);
  await agree(team, tell);
  armFaults();

  const posts: DemoPost[] = [];
  for (const group of groups) {
    tell({ event: 'scene', text: 'Ana asks for approval, and it is given' });
    posts.push(await reviewGroup({ group, team }, world, tell));
  }
  const [first] = groups;
  if (first !== undefined) {
    tell({ event: 'scene', text: 'Ana asks again, and it is refused' });
    posts.push(await reviewGroup({ group: again(first), team, reason: REASON }, world, tell));
  }
  tell({ event: 'scene', text: 'Who did what' });
  tell({ event: 'person', who: 'Ana', does: `enters ${team.home.slash}history in ${team.home.name}` });
  tell({ event: 'card', ...(await team.home.ask('history', 'History')) });
  return posts;
}

/** A team approves every group of files, and the clock moves on to what becomes of the post in the days after. */
export async function playDays({ options, world, app, tell, armFaults }: Play): Promise<DemoPost[]> {
  const { chats, groups, approvals = 1, days = 1 } = options;
  const team = createTeam(world, chats, approvals);
  tell({ event: 'scene', text: castWords(team) });
  await connectHome(team, tell);
  await agree(team, tell);
  armFaults();
  const posts: DemoPost[] = [];
  for (const group of groups) {
    tell({ event: 'scene', text: 'Ana asks for approval, and it is given' });
    const onward = (card: ReviewCard) => followForDays(card, { days, world, app, tell });
    posts.push(await reviewGroup({ group, team, onward }, world, tell));
  }
  const { home } = team;
  tell({ event: 'scene', text: 'How it did' });
  tell({ event: 'person', who: 'Ana', does: `enters ${home.slash}results in ${home.name}` });
  tell({ event: 'card', ...(await home.ask('results', 'How your posts did')) });
  return posts;
}

/** Makes the operators, and connects the account where the team is at home. */
export async function connectHome({ home, joining }: Team, tell: Tell): Promise<void> {
  tell({ event: 'person', who: 'Ana', does: joining ? `${CLAIMS}, and so does ${joining.who}` : CLAIMS });
  await home.chat.claim(CLAIM_CODE);
  await joining?.claim(CLAIM_CODE);
  tell({ event: 'person', who: 'Ana', does: `${CONNECTS}, in ${home.name}` });
  tell({ event: 'note', text: await home.chat.connect() });
}

/** Sets how many have to approve, and joins the chats where there are two. */
export async function agree({ home, voters, joining }: Team, tell: Tell): Promise<void> {
  tell({ event: 'person', who: 'Ana', does: `sets in ${home.slash}settings that ${countOf(voters.length)}` });
  await home.setApprovals(voters.length);
  if (joining === undefined) return;
  tell({ event: 'person', who: 'Ana', does: 'taps [ Join another chat… ] there' });
  const code = await joining.issue();
  tell({ event: 'note', to: 'Ana', text: `Code for another chat  ${code}` });
  tell({ event: 'person', who: joining.who, does: `enters /join ${code} in Telegram Editors` });
  tell({ event: 'note', text: await joining.enter(code) });
}

export function castWords({ home, rooms, voters }: Team): string {
  const list = new Intl.ListFormat('en-GB');
  const places = rooms.map((room) => {
    const names = voters.filter((voter) => voter.room === room).map(({ name }) => name);
    return `${list.format(room === home ? ['Ana', ...names] : names)} in ${room.name}`;
  });
  const approve = voters.length === 1 ? '1 of the others approves' : `${voters.length} of the others approve`;
  return `A team: ${places.join(', ')}. Ana composes; a post goes to TikTok only once ${approve}.`;
}

const countOf = (count: number): string =>
  count === 1 ? 'one approval is needed for a post' : `${count} approvals are needed for a post`;

const again = (group: Group): Group => ({
  ...group,
  caption: group.caption === undefined ? 'Once more' : `${group.caption}, once more`,
});

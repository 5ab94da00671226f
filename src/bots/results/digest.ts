import type { Logger } from 'pino';
import type { Access } from '../../core/access/place-access.ts';
import type { Workspace, Workspaces } from '../../core/accounts/workspaces.ts';
import type { Post } from '../../core/publish/post.ts';
import { liveIn } from '../../core/publish/posts.ts';
import type { Store } from '../../core/storage/database.ts';
import { nextMonday, weekBefore } from '../../core/week.ts';
import type { Sender } from '../cards/send.ts';
import { wordingOf } from '../text/wording.ts';
import { digestCard } from './results-card.ts';

const ROUND_EVERY_MS = 60_000;
/** When it is sent, on Mondays. */
const HOUR = 9;
const DAY_MS = 24 * 3_600_000;
/** Who changes the time zone, or turns it off and on again, gets no second one in the same week. */
const LEAST_APART_MS = 5 * DAY_MS;
/** After an outage of more than this it is left out. */
const LATEST_MS = DAY_MS;
/** More posts of a week are counted from the newest on. */
const MAX_POSTS = 500;

/**
 * Tells the places that want it on Mondays how their posts of the last week did. Places that are joined get one, where their
 * rules are from.
 */
export function createDigests({
  workspaces,
  access,
  posts,
  sender,
  stats,
  now,
  log,
}: {
  workspaces: Workspaces;
  access: Pick<Access, 'isAllowed'>;
  posts: Pick<Store<Post>, 'find'>;
  sender: Pick<Sender, 'tell'>;
  /** Whether how posts do is shown. */
  stats: boolean;
  now: () => number;
  log: Logger;
}) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function start(): void {
    if (!stats) return;
    const run = () => {
      running = running
        .then(round)
        .catch((error) => log.error({ err: error }, 'The weekly digests could not be sent'));
    };
    timer = setInterval(run, ROUND_EVERY_MS);
    run();
  }

  /** Sends what is due, and plans the next. */
  async function round(): Promise<void> {
    if (!stats) return;
    for (const [id, workspace] of await workspaces.digestsDue(now())) await take(id, workspace);
  }

  /** Written down before it is sent: a crash in between leaves one out, and none comes twice. */
  async function take(id: string, workspace: Workspace): Promise<void> {
    const { nextAt = 0, sentAt } = workspace.digest ?? {};
    const isDue = nextAt > 0 && now() - nextAt <= LATEST_MS && workspace.joined === undefined;
    const { timeZone } = await workspaces.settingsOf(id);
    const last = isDue ? now() : sentAt;
    const after = last === undefined ? now() : Math.max(now(), last + LEAST_APART_MS);
    const plan = { nextAt: nextMonday(after, timeZone, HOUR), sentAt: last };
    if (!(await workspaces.planDigest(id, workspace, plan)) || !isDue) return;
    if (!(await access.isAllowed(id))) return;
    const week = weekBefore(nextAt, timeZone);
    const places = await workspaces.idsOf(id);
    const found = await Promise.all(
      places.map((place) => liveIn(posts, place, { ...week, limit: MAX_POSTS })),
    );
    const live = found.flat();
    if (live.length > 0)
      sender.tell(workspace.chat, digestCard(live, wordingOf(workspace.chat)), undefined, { silent: true });
  }

  /** Resolves when nothing more is sent. */
  async function stop(): Promise<void> {
    clearInterval(timer);
    await running;
  }

  return { start, round, stop };
}

import type { Random } from '../../fuzz/random.ts';
import type { World } from '../../world.ts';
import { createDiscordActs } from './discord.ts';
import { type Made, makePhoto, makeVideo } from './files.ts';
import type { Persist } from './persist.ts';
import type { Alone, Places, Server, Team } from './places.ts';
import type { Story } from './story.ts';
import { createTeamActs } from './team.ts';
import { createTelegramActs } from './telegram.ts';

/** A kind of story. */
interface Kind {
  readonly what: string;
  readonly files: readonly Made['kind'][];
  readonly end?: Story['end'];
  readonly act: (story: Story) => Promise<void>;
}

/** What is done in one place, and by how many people at once. */
interface Desk {
  readonly kinds: readonly Kind[];
  readonly people: number;
}

const ALBUM = ['photo', 'photo', 'photo'] as const;

/** Deals stories out to the places; `begin` has people do them, in every place at once. */
export async function dealWork({
  world,
  number,
  places,
  random,
  posts,
  persist,
}: {
  world: World;
  number: number;
  places: Places;
  random: Random;
  posts: number;
  persist: Persist;
}) {
  const desks = desksOf({ world, places, random, persist }).map((desk) => ({
    ...desk,
    queue: [] as (() => Promise<void>)[],
  }));
  const stories: Story[] = [];
  while (stories.length < posts) {
    for (const { kinds, queue } of desks) {
      if (stories.length === posts) break;
      const { what, files, end = 'published', act } = random.pick(kinds);
      const name = `${number}-${stories.length + 1}`;
      const story = { caption: `Take ${name}.`, files: await makeFiles(random, name, files), what, end };
      stories.push(story);
      queue.push(() => act(story));
    }
  }

  /** Resolves with what people could not do, when all else is done. */
  async function begin(): Promise<string[]> {
    const faults: string[] = [];
    async function workOff(queue: (() => Promise<void>)[]): Promise<void> {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        await next().catch((error: unknown) => faults.push(String(error)));
    }
    await Promise.all(
      desks.flatMap(({ queue, people }) => Array.from({ length: people }, () => workOff(queue))),
    );
    return faults;
  }
  return { stories, begin };
}

async function makeFiles(random: Random, name: string, kinds: readonly Made['kind'][]): Promise<Made[]> {
  const files: Made[] = [];
  for (const [index, kind] of kinds.entries())
    files.push(await (kind === 'photo' ? makePhoto : makeVideo)(random, `take-${name}-${index + 1}`));
  return files;
}

function desksOf({
  world,
  places,
  random,
  persist,
}: {
  world: World;
  places: Places;
  random: Random;
  persist: Persist;
}): Desk[] {
  const telling = { world, random, persist };
  const onTelegram = createTelegramActs(telling);
  const onDiscord = createDiscordActs(telling);
  const inTeams = createTeamActs({ ...telling, onTelegram, onDiscord });

  const chatDesk = (place: Alone): Desk => ({
    people: 2,
    kinds: [
      { what: 'photo', files: ['photo'], act: (story) => onTelegram.post(place, story) },
      { what: 'video', files: ['video'], act: (story) => onTelegram.post(place, story) },
      { what: 'album', files: ALBUM, act: (story) => onTelegram.post(place, story) },
      {
        what: 'late cancel',
        files: ['video'],
        end: 'either',
        act: (story) => onTelegram.postAndCancel(place, story),
      },
      {
        what: 'discarded draft',
        files: ['photo'],
        end: 'discarded',
        act: (story) => onTelegram.discard(place, story),
      },
    ],
  });
  // The message with the link does not say for which draft it is, so there is one at a time.
  const uploadDesk = (place: Alone): Desk => ({
    people: 1,
    kinds: [{ what: 'upload', files: ALBUM, act: (story) => onTelegram.upload(place, story) }],
  });
  const serverDesk = (server: Server): Desk => ({
    people: 2,
    kinds: [
      { what: 'photo', files: ['photo'], act: (story) => onDiscord.post(server, story) },
      { what: 'video', files: ['video'], act: (story) => onDiscord.post(server, story) },
      { what: 'schedule', files: ['photo'], act: (story) => onDiscord.schedule(server, story) },
      {
        what: 'cancelled schedule',
        files: ['photo'],
        end: 'cancelled',
        act: (story) => onDiscord.schedule(server, story),
      },
      { what: 'upload', files: ALBUM, act: (story) => onDiscord.upload(server, story) },
    ],
  });
  const teamDesk = (team: Team): Desk => ({
    people: 2,
    kinds: [
      { what: 'review', files: ['photo'], act: (story) => inTeams.review(team, story) },
      { what: 'review of a video', files: ['video'], act: (story) => inTeams.review(team, story) },
      { what: 'review of an album', files: ALBUM, act: (story) => inTeams.review(team, story) },
      {
        what: 'review from the group',
        files: ['photo'],
        act: (story) => inTeams.reviewFromGroup(team, story),
      },
      { what: 'edited review', files: ['photo'], act: (story) => inTeams.edit(team, story) },
      {
        what: 'rejected review',
        files: ['photo'],
        end: 'rejected',
        act: (story) => inTeams.review(team, story),
      },
      {
        what: 'cancelled review',
        files: ['photo'],
        end: 'cancelled',
        act: (story) => inTeams.review(team, story),
      },
    ],
  });
  return [
    ...places.chats.map(chatDesk),
    ...places.uploaders.map(uploadDesk),
    ...places.servers.map(serverDesk),
    ...places.teams.map(teamDesk),
  ];
}

import { COUNTED } from '../judge.ts';
import type { Deed } from './chaos.ts';
import type { TakeOver } from './take-overs.ts';
import type { FleetReport } from './torture.ts';

const COLUMNS = ['posts', 'kills', ...COUNTED, 'copies'] as const;

/** The run as tables in Markdown: what has become of each world, what was done to it, and how long others needed to take over. */
export function machinesTable(worlds: readonly FleetReport[]): string {
  const head = ['world', 'videos go by', 'seconds', ...COLUMNS.map(wordsOf)];
  const rows = worlds.map((world) => [
    world.number,
    world.transfer,
    Math.round(world.seconds),
    ...COLUMNS.map((name) => world[name]),
  ]);
  const sum = (of: (world: FleetReport) => number) => worlds.reduce((all, world) => all + of(world), 0);
  const all = COLUMNS.map((name) => sum((world) => world[name]));
  const deeds = [...new Set(worlds.flatMap(({ deeds }) => [...deeds.keys()]))];
  const deedRows = deeds.map((deed: Deed) => [deed, sum((world) => world.deeds.get(deed) ?? 0)]);
  const ended = ['processes that ended because another had taken over', sum(({ takenOver }) => takenOver)];
  return [
    ...table(head, [...rows, ['all', '', Math.round(sum(({ seconds }) => seconds)), ...all]]),
    '',
    ...table(['what was done', 'times'], [...deedRows, ended]),
    '',
    ...takeOverTable(worlds.flatMap(({ takeOvers }) => takeOvers)),
  ].join('\n');
}

function takeOverTable(takeOvers: readonly TakeOver[]): string[] {
  const groups = Map.groupBy(
    takeOvers,
    ({ how, isPlain }) => `${how}${isPlain ? '' : ', while more was away'}`,
  );
  const rows = [...groups].toSorted().map(([how, those]) => {
    const sorted = those.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
    return [how, sorted.length, seconds(median), seconds(sorted.at(-1) ?? 0)];
  });
  return table(['another one goes on after', 'times', 'median', 'longest'], rows);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** `liveCopies` as `live copies`. */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

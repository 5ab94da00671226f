import type { Coverage } from './boundaries/coverage.ts';
import { COUNTED, isFaultless } from './judge.ts';
import type { WorldReport } from './torture.ts';

interface Run {
  readonly worlds: readonly WorldReport[];
  readonly coverage: Coverage;
}

const COLUMNS = ['posts', 'kills', ...COUNTED, 'copies'] as const;

/** The run as a table in Markdown, a line for each world, and the kinds of boundaries below it. */
export function tableOf({ worlds, coverage }: Run): string {
  const head = ['world', 'videos go by', 'seconds', ...COLUMNS.map(wordsOf)];
  const rows = worlds.map((world) => [
    world.number,
    world.transfer,
    Math.round(world.seconds),
    ...COLUMNS.map((name) => world[name]),
  ]);
  const all = COLUMNS.map((name) => worlds.reduce((sum, world) => sum + world[name], 0));
  const seconds = Math.round(worlds.reduce((sum, world) => sum + world.seconds, 0));
  const lines = [head, head.map(() => '---'), ...rows, ['all', '', seconds, ...all]];
  const kinds = [...coverage.kinds()].toSorted(([one], [other]) => one.localeCompare(other));
  return [
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    '| kind of boundary | reached | killed before | killed after |',
    '| --- | --- | --- | --- |',
    ...kinds.map(([kind, { reached, before, after }]) => `| ${kind} | ${reached} | ${before} | ${after} |`),
  ].join('\n');
}

/** `liveCopies` as `live copies`. */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** What was wrong, with all that is needed to look at it again. */
export function faultsOf({ worlds }: Run, { seed, folder }: { seed: number; folder: string }): string[] {
  return worlds
    .filter((world) => !isFaultless(world))
    .map(({ number, lastKill, words }) =>
      [
        `World ${number} of seed ${seed}, killed at last in ${lastKill}; its data lie in ${folder}/world-${number}:`,
        ...words.map((line) => `  ${line}`),
      ].join('\n'),
    );
}

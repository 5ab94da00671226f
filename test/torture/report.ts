import type { Coverage } from './boundaries/coverage.ts';
import { COUNTED, isFaultless, type Verdict } from './judge.ts';
import type { WorldReport } from './torture.ts';

interface Run {
  readonly worlds: readonly WorldReport[];
  readonly coverage: Coverage;
}

const COLUMNS = ['posts', 'kills', ...COUNTED, 'copies'] as const;

/** The first that fits says what a boundary is. */
const GROUPS: readonly (readonly [name: string, RegExp])[] = [
  ['calls to TikTok', /^TikTok /],
  ['calls to Telegram', /^Telegram /],
  ['calls to Discord', /^Discord /],
  ['answers of Nod', /^Nod answers /],
  ['programs', /^run /],
  ['writes of the database', /^(insert|update|delete|create|alter|begin|commit|pragma|vacuum)\b/],
  ['changes of files', /./],
];

/** The run as a table in Markdown, a line for each world, and the kinds of boundaries below it, at last one by one. */
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
    '| boundaries | kinds | killed before | killed after | passed | lives ended |',
    '| --- | --- | --- | --- | --- | --- |',
    ...groupsOf(coverage),
    '',
    '| kind of boundary | reached | killed before | killed after |',
    '| --- | --- | --- | --- |',
    ...kinds.map(([kind, { reached, before, after }]) => `| ${kind} | ${reached} | ${before} | ${after} |`),
  ].join('\n');
}

/** How many kinds each group has, at how many of them lives have ended on either side, and how often. */
function groupsOf(coverage: Coverage): string[] {
  const all = Map.groupBy(coverage.kinds(), ([kind]) => GROUPS.find(([, fits]) => fits.test(kind))?.[0]);
  return [...all].map(([name, kinds]) => {
    const seen = kinds.map(([, one]) => one);
    const sum = (of: (one: (typeof seen)[number]) => number) =>
      seen.reduce((total, one) => total + of(one), 0);
    const cells = [
      name,
      seen.length,
      sum(({ before }) => Math.min(before, 1)),
      sum(({ after }) => Math.min(after, 1)),
      sum(({ reached }) => reached),
      sum(({ before, after }) => before + after),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

/** `liveCopies` as `live copies`. */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

interface Judged extends Verdict {
  readonly number: number;
  readonly lastKill: string;
}

/** What was wrong, with all that is needed to look at it again. */
export function faultsOf(
  { worlds }: { worlds: readonly Judged[] },
  { seed, folder }: { seed: number; folder: string },
): string[] {
  return worlds
    .filter((world) => !isFaultless(world))
    .map(({ number, lastKill, words }) =>
      [
        `World ${number} of seed ${seed}, killed at last in ${lastKill}; its data lie in ${folder}/world-${number}:`,
        ...words.map((line) => `  ${line}`),
      ].join('\n'),
    );
}

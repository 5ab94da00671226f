import type { FuzzReport, Outcome } from './fuzz.ts';

/**
 * How much more memory may be held at the end than after the first third: the allocator keeps arenas of different sizes
 * as files of different sizes pass, some 30 MB. A leak of one small picture a file would be hundreds.
 */
const MEMORY_TOLERANCE = 100_000_000;

/** Everything that must not be so, a sentence each. */
export function faultsOf({ outcomes, memory, unfinished, children }: FuzzReport): string[] {
  const grown = memory.after - memory.before;
  return [
    ...outcomes.flatMap((one) => (one.fault === undefined ? [] : [`${titleOf(one)}: ${one.fault}`])),
    ...(grown > MEMORY_TOLERANCE ? [`Memory has grown by ${megabytes(grown)}.`] : []),
    ...unfinished.map((name) => `${name} was left on the disk.`),
    ...children.map((pid) => `The process ${pid} still runs.`),
  ];
}

const titleOf = ({ number, format, name, how }: Outcome) => `${number} (${format}, ${name}, ${how})`;

/** A table with a line for each format. */
export function tableOf({ outcomes, memory }: FuzzReport): string {
  const rows = [...Map.groupBy(outcomes, ({ format }) => format)].map(([format, some]) => {
    const count = (result: string) => some.filter((one) => one.result === result).length;
    const refusals = Map.groupBy(
      some.filter(({ result }) => result !== 'taken' && result !== 'fault'),
      ({ result }) => result,
    );
    const refused = [...refusals].map(([code, { length }]) => `${code} ${length}`).join(', ');
    const slowest = Math.max(...some.map(({ ms }) => ms));
    return [format, some.length, count('taken'), refused, count('fault'), `${slowest} ms`];
  });
  const head = ['format', 'files', 'taken', 'refused', 'faults', 'slowest'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n\nMemory: ${megabytes(memory.before)}, then ${megabytes(memory.after)}.`;
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

import { availableParallelism, cpus, totalmem } from 'node:os';

/** One figure and what it is held against. */
export interface Figure {
  readonly what: string;
  readonly figure: string;
  /** The yardstick of the same run, or the goal. */
  readonly beside: string;
  /** Absent where there is no goal. */
  readonly isMet?: boolean | undefined;
  /** Said only where the goal is missed. */
  readonly why?: string;
}

/** The machine that the figures belong to, in one line. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${availableParallelism()} cores (${model}), ${memory}, Node ${process.version}, ${process.platform}`;
}

/** The figures as a table for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = [['what', 'figure', 'beside it', ''], ...figures.map(rowOf)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const reasons = figures.flatMap(({ what, isMet, why }) =>
    isMet === false && why ? [`${what}: ${why}`] : [],
  );
  return [...lines, ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n');
}

function rowOf({ what, figure, beside, isMet }: Figure): string[] {
  return [what, figure, beside, isMet === undefined ? '' : isMet ? 'met' : 'missed'];
}

/** The value below which the share `p` of the values lies, by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  if (value === undefined) throw new Error('There is no percentile of nothing.');
  return value;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

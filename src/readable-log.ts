import { plainText } from './core/plain-text.ts';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};

/** A line of the log for people at a terminal: time, level, sentence, and what belongs to it. */
export function readableLine(line: string): string {
  const { level, time, msg, err, pid, hostname, ...facts } = JSON.parse(line);
  const at = new Date(time).toLocaleTimeString('en-GB');
  const told = Object.entries(facts).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const first = [at, LEVELS[level] ?? level, msg, ...told].filter(Boolean).join('  ');
  // Names of others in it could steer the terminal.
  return plainText(err?.stack === undefined ? `${first}\n` : `${first}\n${indent(err.stack)}\n`);
}

const indent = (text: string): string => text.replace(/^/gm, '    ');

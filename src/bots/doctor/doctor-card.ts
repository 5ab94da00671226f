import type { CheckResult } from '../../core/doctor/check.ts';
import type { Card, Line } from '../platform.ts';

/** What keeps this Nod from working and what to do about it, in a private chat; all that is well stands in one line. */
export function doctorCard(results: readonly CheckResult[]): Card {
  const of = (state: CheckResult['state']) => results.filter((result) => result.state === state);
  const told = (mark: string, { check, text }: CheckResult): Line => [
    `${mark} `,
    { text: check, style: 'bold' },
    `: ${text}`,
  ];
  const toDo = of('to_do');
  const title =
    toDo.length === 0 ? 'Nothing keeps this Nod from working' : 'This keeps your Nod from working';
  const well = [...new Set(of('ok').map(({ check }) => check))];
  return {
    lines: [
      [{ text: title, style: 'bold' }],
      [],
      ...toDo.map((result) => told('✗ To do,', result)),
      ...of('unknown').map((result) => told('– Not known,', result)),
      ...(well.length === 0 ? [] : [[`✓ OK: ${well.join(', ')}`]]),
    ],
    rows: [],
  };
}

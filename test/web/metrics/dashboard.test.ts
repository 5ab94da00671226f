import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../src/web/metrics/metrics.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = fileURLToPath(new URL('../../../docs/grafana.json', import.meta.url));
const text = readFileSync(file, 'utf8');
const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
const targets = panels.flatMap(({ targets = [] }) => targets);

/** What Nod exports: each name with the endings of its kind. */
async function namesOf(): Promise<Set<string>> {
  const metrics = createMetrics({ log: pino({ level: 'silent' }) });
  const kinds = [...(await metrics.read()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    kinds.flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

it('asks for nothing that Nod does not export', async () => {
  const names = await namesOf();
  const asked = [...text.matchAll(/\b(?:nod|nodejs|process)_\w+/g)].map(([name]) => name);
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !names.has(name))).toEqual([]);
});

it('shows all that Nod exports of its own', async () => {
  const names = [...(await namesOf())].filter((name) => /^nod_/.test(name) && !/_(sum|count)$/.test(name));
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});

it('names each series by labels that its query keeps', () => {
  for (const { expr, legendFormat } of targets) {
    const kept = [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = '']) => list.split(', '));
    const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    if (expr.includes('by (')) expect(kept, expr).toEqual(expect.arrayContaining(used));
  }
});

it('asks the Prometheus that is chosen, for the Nod that is chosen', () => {
  for (const { expr } of targets) {
    const selectors = expr.match(/\{[^}]*\}/g) ?? [];
    expect(selectors.length, expr).toBeGreaterThan(0);
    for (const selector of selectors) expect(selector).toMatch(/^\{job=~"\$job",instance=~"\$instance"/);
  }
  for (const [, uid] of text.matchAll(/"uid": "([^"]+)"/g)) expect(uid).toMatch(/^(\$\{datasource\}|nod)$/);
});

it('has its panels side by side', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(x).toBeLessThan(24);
        expect(taken.get(`${x} ${y}`), title).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
});

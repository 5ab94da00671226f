import type { Redaction } from '../wire/redaction.ts';
import type { WireEntry } from '../wire/timeline.ts';
import type { WireView } from './shapes.ts';

/** One line of the timeline, without anything secret. */
export function viewWire(
  { id, at, from, to, method, path, status, durationMs, problem }: WireEntry,
  redaction: Redaction,
): WireView {
  return {
    id,
    at,
    from,
    to,
    method,
    path: redaction.text(path.split('?')[0] ?? path),
    status,
    durationMs,
    problem,
  };
}

import { atEnd, byId, clockTime, el } from './dom.js';

/** @typedef {import('../views/shapes.ts').WireView} WireView */
/** @typedef {import('../views/shapes.ts').WireDetails} WireDetails */
/** @typedef {import('../views/shapes.ts').WirePart} WirePart */

const MAX_SHOWN = 400;

/** The timeline of what went over the wire; each line opens with its headers and bodies. */
export function createTimeline() {
  const list = byId('wire-list', HTMLElement);
  const filter = byId('wire-filter', HTMLSelectElement);
  const dialog = byId('details', HTMLDialogElement);
  /** @type {Map<number, { entry: WireView, row: HTMLElement }>} */
  const rows = new Map();

  /** @param {WireView} entry */
  const isShown = ({ from, to }) => filter.value === '' || from === filter.value || to === filter.value;

  filter.addEventListener('change', () => {
    for (const { entry, row } of rows.values()) row.hidden = !isShown(entry);
    list.scrollTop = list.scrollHeight;
  });

  /** @param {number} id */
  async function open(id) {
    const answer = await fetch(`/wire/${id}`);
    if (!answer.ok) return;
    /** @type {WireDetails} */
    const entry = await answer.json();
    const { from, to, method, path, problem, request, response } = entry;
    dialog.replaceChildren(
      el('div', { class: 'details-head' }, [
        el('h2', { id: 'details-title', text: `${from} → ${to}` }),
        el('button', {
          type: 'button',
          class: 'button secondary',
          text: 'Close',
          onclick: () => dialog.close(),
        }),
      ]),
      el('p', { class: 'line', text: `${method} ${path}` }),
      el('p', { text: problem ?? outcomeOf(entry) }),
      ...partOf('Request', request),
      ...(response === undefined ? [] : partOf('Response', response)),
    );
    dialog.showModal();
    dialog.scrollTop = 0;
  }

  /** @param {WireView} entry */
  function outcomeOf({ status, durationMs }) {
    if (status !== undefined) return `${status} after ${durationMs} ms`;
    return durationMs === undefined ? 'It has no answer yet.' : 'Nothing answers an event.';
  }

  /** @param {WireView} entry */
  function rowOf(entry) {
    const { id, at, from, to, method, path, status, durationMs, problem } = entry;
    const isOver = durationMs !== undefined;
    const outcome = status ?? (problem === undefined ? (isOver ? '' : '…') : 'cut');
    const isBad = problem !== undefined || (status ?? 0) >= 400;
    const other = from === 'Nod' ? to : from;
    const row = el('li', {}, [
      el('button', { type: 'button', onclick: () => open(id) }, [
        el('span', { class: 'time', text: clockTime(at) }),
        el('span', { class: `party ${other.toLowerCase()}`, text: from === 'Nod' ? `→ ${to}` : `← ${from}` }),
        el('span', { class: 'path', text: `${method} ${shortPath(path)}` }),
        el('span', { class: isBad ? 'status bad' : 'status', text: String(outcome) }),
        el('span', { class: 'took', text: isOver && outcome !== '' ? `${durationMs} ms` : '' }),
      ]),
    ]);
    row.hidden = !isShown(entry);
    return row;
  }

  return {
    /** @param {readonly WireView[]} entries */
    show(entries) {
      atEnd(list, () => {
        for (const entry of entries) {
          const old = rows.get(entry.id);
          const hadFocus = old?.row.contains(document.activeElement) ?? false;
          const row = rowOf(entry);
          if (old === undefined) list.append(row);
          else old.row.replaceWith(row);
          if (hadFocus) row.querySelector('button')?.focus();
          rows.set(entry.id, { entry, row });
        }
        for (const [id, { row }] of rows) {
          if (rows.size <= MAX_SHOWN) break;
          row.remove();
          rows.delete(id);
        }
      });
    },
    reset() {
      rows.clear();
      list.replaceChildren();
    },
  };
}

/** The long numbers of a path say nothing to people. @param {string} path */
const shortPath = (path) => path.replace('/api/v10', '').replaceAll(/\d{9,}/g, (id) => `…${id.slice(-4)}`);

/**
 * @param {string} title
 * @param {WirePart} part
 */
function partOf(title, { headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [
    el('h3', { text: title }),
    el('pre', {
      tabindex: 0,
      'aria-label': `Headers of the ${title.toLowerCase()}`,
      text: lines.join('\n') || '(none)',
    }),
    ...(body === ''
      ? []
      : [el('pre', { tabindex: 0, 'aria-label': `Body of the ${title.toLowerCase()}`, text: body })]),
  ];
}

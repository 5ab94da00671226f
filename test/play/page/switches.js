import { act } from './api.js';
import { byId, el, showList } from './dom.js';
import { setAhead } from './markdown.js';

/** @typedef {import('../views/shapes.ts').StateView} StateView */

const NOD = { starting: 'Nod is starting', running: 'Nod is running', dead: 'Nod is dead' };
const CLOCK = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const TICK_MS = 10_000;

/** The switchboard, the light that says how Nod is, and the clock of the playground. */
export function createSwitches() {
  const list = byId('switches', HTMLElement);
  const light = byId('nod', HTMLElement);
  const clock = byId('clock', HTMLElement);
  let aheadMs = 0;

  function tick() {
    clock.textContent = CLOCK.format(new Date(Date.now() + aheadMs));
    setAhead(aheadMs);
  }

  setInterval(tick, TICK_MS);
  tick();

  return {
    /** @param {StateView} state */
    show({ nod, switches, aheadMs: ahead }) {
      light.textContent = NOD[nod];
      light.dataset.state = nod;
      aheadMs = ahead;
      tick();
      showList(list, switches, {
        key: ({ name }) => name,
        make: ({ name, label, hint, kind, isOn }) => {
          const button = el(
            'button',
            {
              type: 'button',
              class: `switch ${kind}`,
              'data-focus': name,
              'aria-describedby': `hint-${name}`,
              onclick: async () => {
                button.setAttribute('aria-busy', 'true');
                await act('switch', { name, isOn: kind === 'now' || !isOn });
                button.removeAttribute('aria-busy');
              },
            },
            [el('span', { class: 'knob', 'aria-hidden': 'true' }), el('span', { text: label })],
          );
          if (kind !== 'now') button.setAttribute('aria-pressed', String(isOn));
          return el('li', {}, [button, el('p', { id: `hint-${name}`, text: hint })]);
        },
      });
    },
  };
}

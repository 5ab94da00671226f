import { startAnnouncing, stopAnnouncing } from './announce.js';
import { setWho } from './api.js';
import { createDiscord } from './discord.js';
import { byId } from './dom.js';
import { refreshTimes } from './markdown.js';
import { createPhone } from './phone.js';
import { createSwitches } from './switches.js';
import { createTabs } from './tabs.js';
import { createTelegram } from './telegram.js';
import { createTheme } from './theme.js';
import { createTimeline } from './wire.js';

const SETTLE_MS = 1_500;
const TIMES_MS = 10_000;

createTheme();
createTabs();
const telegram = createTelegram();
const discord = createDiscord();
const phone = createPhone();
const switches = createSwitches();
const timeline = createTimeline();
setInterval(refreshTimes, TIMES_MS);

/** @type {EventSource | undefined} */
let source;

/** Shows what somebody sees from now on. @param {string} name */
function playAs(name) {
  source?.close();
  stopAnnouncing();
  setWho(name);
  telegram.reset();
  discord.reset();
  timeline.reset();
  source = new EventSource(`/events?who=${name}`);
  const shows = {
    telegram: telegram.show,
    discord: discord.show,
    phone: phone.show,
    state: switches.show,
    wire: timeline.show,
  };
  for (const [event, show] of Object.entries(shows))
    source.addEventListener(event, ({ data }) => show(JSON.parse(data)));
  // After a lost connection everything comes anew.
  source.addEventListener('hello', () => timeline.reset());
  source.addEventListener('error', () => {
    byId('nod', HTMLElement).textContent = 'The playground does not answer';
  });
  setTimeout(startAnnouncing, SETTLE_MS);
}

const people = [...document.querySelectorAll('input[name="who"]')].filter(
  (one) => one instanceof HTMLInputElement,
);
const asked = new URLSearchParams(location.search).get('as');
const first = people.find(({ value }) => value === asked) ?? people[0];
if (first !== undefined) first.checked = true;
for (const person of people)
  person.addEventListener('change', () => {
    history.replaceState(undefined, '', `?as=${person.value}`);
    playAs(person.value);
  });
playAs(first?.value ?? 'ana');

// One menu is open at a time, and none stays open behind what one does elsewhere.
document.addEventListener(
  'toggle',
  ({ target }) => {
    if (!(target instanceof HTMLDetailsElement) || !target.open) return;
    for (const other of document.querySelectorAll('details.menu[open]'))
      if (other instanceof HTMLDetailsElement && other !== target) other.open = false;
    target.querySelector('.sheet')?.scrollIntoView({ block: 'nearest' });
  },
  true,
);
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details.menu[open]'))
    if (menu instanceof HTMLDetailsElement && target instanceof Node && !menu.contains(target))
      menu.open = false;
});
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!(menu instanceof HTMLDetailsElement)) continue;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  }
});

import { byId } from './dom.js';

/** On a narrow screen one pane is there at a time; arrows move between their tabs. */
export function createTabs() {
  const list = byId('tabs', HTMLElement);
  const tabs = [...list.querySelectorAll('button')];

  /** @param {HTMLButtonElement} chosen */
  function choose(chosen) {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    document.body.dataset.tab = chosen.dataset.pane ?? '';
    const log = document.querySelector(`#${chosen.dataset.pane} .log`);
    if (log !== null) log.scrollTop = log.scrollHeight;
  }

  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step === undefined) return;
      const visible = tabs.filter((one) => one.offsetParent !== null);
      const next = visible[(visible.indexOf(tabs[index] ?? tab) + step + visible.length) % visible.length];
      next?.focus();
      if (next !== undefined) choose(next);
    });
  }
}

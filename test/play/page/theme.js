import { byId } from './dom.js';

const KEY = 'nod-play-theme';

/** As the system has it, unless somebody has chosen. */
export function createTheme() {
  const select = byId('theme', HTMLSelectElement);
  const apply = () => {
    if (select.value === '') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
  };
  select.value = localStorage.getItem(KEY) ?? '';
  apply();
  select.addEventListener('change', () => {
    localStorage.setItem(KEY, select.value);
    apply();
  });
}

import { showMoments } from '../../preview/browser/moments.js';
import { startCaption, startPhone } from '../../preview/browser/phone.js';

/** How long a person pauses who has written something. */
const PAUSE_MS = 700;
const LOOK_EVERY_MS = 2_500;

const found = document.getElementById('compose');
if (found instanceof HTMLFormElement) startForm(found);
const submitted = document.getElementById('submitted');
if (submitted !== null) follow(submitted, () => again());

/**
 * Saves each choice as it is made, and draws anew what has changed, here or in the chat. The server draws all of it; without
 * this script its form does the same.
 *
 * @param {HTMLFormElement} form
 */
function startForm(form) {
  /** As the server has drawn them: what people do to them since does not count. */
  const drawn = new Map(partsOf(document).map((part) => [part.id, part.outerHTML]));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  let isSaving = false;
  let isDue = false;
  let isLeaving = false;

  form.dataset.live = '';
  for (const phone of document.querySelectorAll('[data-phone]')) phone.setAttribute('data-started', '');
  ready();
  form.addEventListener('change', ({ target }) => {
    count();
    // Another account is asked about at TikTok, which its button does.
    if (target instanceof HTMLElement && target.id === 'account') return;
    if (isTimeMissing()) document.getElementById('at')?.focus();
    else save();
  });
  form.addEventListener('input', ({ target }) => {
    if (!isWritten(target)) return;
    count();
    clearTimeout(pause);
    pause = setTimeout(save, PAUSE_MS);
  });
  form.addEventListener('submit', (event) => {
    const { submitter } = event;
    if (submitter instanceof HTMLButtonElement && submitter.value === 'save') {
      event.preventDefault();
      save();
      return;
    }
    clearTimeout(pause);
    isLeaving = true;
  });
  // Going back shows the page as it was, which may be over.
  window.addEventListener('pageshow', ({ persisted }) => persisted && again());
  follow(form, save);

  function save() {
    clearTimeout(pause);
    if (isLeaving) return;
    isDue = true;
    if (!isSaving) void saveAll();
  }

  async function saveAll() {
    isSaving = true;
    while (isDue && !isLeaving) {
      isDue = false;
      const sent = valuesOf(form);
      const body = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
      body.delete('account');
      if (isTimeMissing()) body.delete('when');
      body.append('do', 'save');
      try {
        const response = await fetch(form.action, { method: 'POST', body });
        if (response.status >= 500) throw new Error('The server cannot save now.');
        if (!isLeaving) draw(await response.text(), sent);
        offline(false);
      } catch {
        // The next change, or the next look, tries again.
        offline(true);
      }
    }
    isSaving = false;
  }

  /**
   * @param {string} text
   * @param {Map<string, string>} sent
   */
  function draw(text, sent) {
    const next = new DOMParser().parseFromString(text, 'text/html');
    const nextForm = next.getElementById('compose');
    // It has become a post, or the link has run out.
    if (nextForm === null) return again();
    form.dataset.version = nextForm.dataset.version;
    const focused = document.activeElement;
    const focusedId = focused?.id ?? '';
    for (const part of partsOf(next)) {
      const old = document.getElementById(part.id);
      if (old === null) return again();
      const isSame = drawn.get(part.id) === part.outerHTML && !isRefused(old, part, sent);
      // News stay to be read until there are others.
      if (isSame || (part.id === 'part-news' && part.childElementCount === 0 && isRecent())) continue;
      drawn.set(part.id, part.outerHTML);
      keepChanges(old, part, sent);
      const hadFocus = old.contains(focused);
      const caret =
        focused instanceof HTMLTextAreaElement ? [focused.selectionStart, focused.selectionEnd] : [];
      const taken = document.importNode(part, true);
      if (part.id !== 'part-preview' || !takeWords(old, taken)) old.replaceWith(taken);
      if (part.id === 'part-news') newsAt = performance.now();
      if (hadFocus) focusOn(focusedId, caret);
    }
    for (const id of [...drawn.keys()]) {
      if (next.getElementById(id) !== null) continue;
      document.getElementById(id)?.remove();
      drawn.delete(id);
    }
    ready();
    count();
  }

  let newsAt = Number.NEGATIVE_INFINITY;
  const isRecent = () => performance.now() - newsAt < 8_000;

  /** What only a script can do, in parts that may be new. */
  function ready() {
    for (const phone of document.querySelectorAll('#part-preview [data-phone]:not([data-started])')) {
      phone.setAttribute('data-started', '');
      startPhone(phone);
    }
    showMoments(form);
    for (const plain of form.querySelectorAll('[data-plain]')) plain.setAttribute('hidden', '');
    for (const button of form.querySelectorAll('button[data-blocked]'))
      if (button instanceof HTMLButtonElement) button.disabled = true;
    const take = form.querySelector('[data-take-moment]');
    const video = form.querySelector('#part-preview video');
    const cover = document.getElementById('cover');
    if (
      take instanceof HTMLButtonElement &&
      video instanceof HTMLVideoElement &&
      cover instanceof HTMLInputElement
    ) {
      take.hidden = false;
      take.onclick = () => {
        cover.value = clockText(video.currentTime);
        save();
      };
    }
  }

  function count() {
    for (const line of form.querySelectorAll('[data-count]')) {
      const number = line.querySelector('span');
      const text = textOf(line.id.replace('count-', ''));
      if (number !== null) number.textContent = String(text.length);
      line.toggleAttribute('data-over', text.length > Number(line.getAttribute('data-count')));
    }
  }

  /** @param {boolean} isOffline */
  function offline(isOffline) {
    const place = document.getElementById('part-news');
    if (place === null || form.hasAttribute('data-offline') === isOffline) return;
    form.toggleAttribute('data-offline', isOffline);
    const said = 'Not saved: Nod does not answer. It is tried again by itself.';
    if (isOffline) place.innerHTML = `<div class="notice bad"><p>${said}</p></div>`;
    else if (place.textContent?.includes(said)) place.textContent = '';
  }
}

/** As a person would who follows the link anew; a reload would send a form once more. */
const again = () => location.replace(location.pathname);

/** Whether somebody wants a time and has not said it yet. */
function isTimeMissing() {
  const at = document.getElementById('when-at');
  return at instanceof HTMLInputElement && at.checked && textOf('at') === '';
}

/**
 * Whether it is a field in which one writes.
 *
 * @param {EventTarget | null} target
 */
const isWritten = (target) =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === 'text');

/**
 * Takes what is below a video from another drawing of it, so that the video plays on; false where it is another one.
 *
 * @param {Element} old
 * @param {Element} next
 */
function takeWords(old, next) {
  const [before, after] = [old, next].map((one) => one.querySelector('video'));
  const [words, others] = [old, next].map((one) => one.querySelector('.phone-words'));
  const phone = old.querySelector('[data-phone]');
  if (!before || !after || !words || !others || phone === null) return false;
  const isSame = ['src', 'data-cover'].every(
    (name) => before.getAttribute(name) === after.getAttribute(name),
  );
  if (!isSame) return false;
  words.replaceWith(others);
  startCaption(phone);
  return true;
}

/** @param {Document} from */
function partsOf(from) {
  return [...from.querySelectorAll('[data-part][id^="part-"]')].filter((part) => part instanceof HTMLElement);
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/**
 * @param {ParentNode} within
 * @returns {Control[]}
 */
function controlsIn(within) {
  return [...within.querySelectorAll('input:not([type="hidden"]), textarea, select')].filter(
    (one) =>
      one instanceof HTMLInputElement ||
      one instanceof HTMLTextAreaElement ||
      one instanceof HTMLSelectElement,
  );
}

/** @param {Control} control */
const stateOf = (control) =>
  control instanceof HTMLInputElement && /^(checkbox|radio)$/.test(control.type)
    ? String(control.checked)
    : control.value;

/** @param {ParentNode} within */
const valuesOf = (within) => new Map(controlsIn(within).map((one) => [one.id, stateOf(one)]));

/**
 * Whether a part shows something that was sent and not taken so; what was changed since is sent next.
 *
 * @param {Element} old
 * @param {Element} next
 * @param {Map<string, string>} sent
 */
function isRefused(old, next, sent) {
  const wanted = valuesOf(next);
  return controlsIn(old).some(
    (one) =>
      one.id !== 'account' &&
      one.id !== '' &&
      sent.get(one.id) === stateOf(one) &&
      wanted.get(one.id) !== stateOf(one),
  );
}

/**
 * What somebody has gone on choosing and writing while it was saved stays, and is saved next.
 *
 * @param {Element} old
 * @param {Element} next
 * @param {Map<string, string>} sent
 */
function keepChanges(old, next, sent) {
  for (const control of controlsIn(old)) {
    if (control.id === '' || sent.get(control.id) === stateOf(control)) continue;
    const same = [...next.querySelectorAll('[id]')].find(({ id }) => id === control.id);
    if (same instanceof HTMLTextAreaElement) same.textContent = control.value;
    if (same instanceof HTMLSelectElement)
      for (const option of same.options) option.toggleAttribute('selected', option.value === control.value);
    if (!(same instanceof HTMLInputElement) || !(control instanceof HTMLInputElement)) continue;
    if (/^(checkbox|radio)$/.test(same.type)) same.toggleAttribute('checked', control.checked);
    else same.setAttribute('value', control.value);
  }
}

/**
 * @param {string} id
 * @param {number[]} caret
 */
function focusOn(id, [start, end]) {
  const control = document.getElementById(id);
  control?.focus({ preventScroll: true });
  if (control instanceof HTMLTextAreaElement && start !== undefined && end !== undefined)
    control.setSelectionRange(start, end);
}

/** @param {string} id */
function textOf(id) {
  const control = document.getElementById(id);
  return control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement ? control.value : '';
}

/** @param {number} seconds */
function clockText(seconds) {
  const tenths = Math.round(seconds * 10);
  const whole = Math.floor(tenths / 10);
  const rest = tenths % 10 === 0 ? '' : `.${tenths % 10}`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}${rest}`;
}

/**
 * Looks now and then whether there is another version of what a page shows.
 *
 * @param {HTMLElement} shown
 * @param {() => void} changed
 */
function follow(shown, changed) {
  const address = `${location.pathname}/version`;
  const look = async () => {
    if (document.visibilityState !== 'visible') return;
    const response = await fetch(address).catch(() => undefined);
    if (response === undefined || response.status >= 500) return;
    if (!response.ok) return again();
    const { version } = await response.json();
    if (version !== shown.dataset.version || shown.hasAttribute('data-offline')) changed();
  };
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener('visibilitychange', look);
}

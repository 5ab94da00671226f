import { sweepMemory } from './memory.js';
import { drawThumbnail } from './thumbnail.js';
import { createTransfer } from './transfer.js';
import { doneText, EMPTY, percentOf, progressText, sizeText, tooBig } from './words.js';

/**
 * A file that somebody has chosen, and its row.
 *
 * @typedef {{ transfer: import('./transfer.js').Transfer, row: Row, told: number, shownState: string }} Item
 */

/** @typedef {ReturnType<typeof createRow>} Row */

/** Progress is read out at each of these percents. */
const TOLD_PERCENTS = [25, 50, 75];
const SHOWN_EVERY_MS = 250;
const SAID_TOGETHER_MS = 500;

/** @type {typeof import('tus-js-client') | undefined} */
const tus = Reflect.get(globalThis, 'tus');
const form = document.querySelector('form[data-upload]');
// Without them the plain form stays, which needs neither.
if (form instanceof HTMLFormElement && tus?.isSupported) startPage(form, tus);

/**
 * Makes the plain form a page that uploads several files, one after the other.
 *
 * @param {HTMLFormElement} form
 * @param {typeof import('tus-js-client')} tus
 */
function startPage(form, tus) {
  const { upload: path = '', chunkBytes, maxBytes } = form.dataset;
  const endpoint = new URL(path, location.href).href;
  const input = byId('file', HTMLInputElement);
  const list = byId('files', HTMLUListElement);
  const section = byId('uploads', HTMLElement);
  const done = byId('done', HTMLElement);
  const keepOpen = byId('keep-open', HTMLElement);
  const said = byId('said', HTMLElement);
  /** @type {Item[]} */
  let items = [];
  /** @type {Promise<unknown>} */
  let drawing = Promise.resolve();
  /** @type {Promise<WakeLockSentinel | undefined> | undefined} */
  let wakeLock;
  let saidAt = Number.NEGATIVE_INFINITY;

  sweepMemory();
  for (const row of list.querySelectorAll('li')) adopt(row);
  input.multiple = true;
  input.required = false;
  form.dataset.ready = '';
  for (const part of document.querySelectorAll('[data-script]')) part.removeAttribute('hidden');
  for (const part of document.querySelectorAll('[data-plain]')) part.setAttribute('hidden', '');

  input.addEventListener('change', () => {
    add([...(input.files ?? [])]);
    // The same file may be chosen again.
    input.value = '';
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  listenForDrops();
  window.addEventListener('online', wake);
  // Android tells of another network, others only where there was none in between.
  Reflect.get(navigator, 'connection')?.addEventListener?.('change', wake);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wake();
  });
  window.addEventListener('beforeunload', (event) => {
    if (items.some(isUnderWay)) event.preventDefault();
  });

  /** @param {File[]} files */
  function add(files) {
    showDone(false);
    for (const file of files.filter((one) => !isInList(one))) {
      const row = createRow(file.name);
      list.append(row.element);
      const problem =
        file.size === 0
          ? EMPTY
          : file.size > Number(maxBytes)
            ? tooBig(file.size, Number(maxBytes))
            : undefined;
      if (problem === undefined) enqueue(file, row);
      else {
        row.show({ state: 'refused', text: problem, actions: ['remove'] });
        row.on('remove', () => leave(row));
        say(`${file.name}: ${problem}`);
      }
      drawing = drawing.then(() => drawThumbnail(file)).then((picture) => picture && row.picture(picture));
    }
    section.hidden = list.children.length === 0;
    goOn();
  }

  /**
   * @param {File} file
   * @param {Row} row
   */
  function enqueue(file, row) {
    let isDue = false;
    /** Many steps come in a second. */
    const changed = () => {
      if (item.shownState !== item.transfer.state) return show(item);
      if (isDue) return;
      isDue = true;
      setTimeout(() => {
        isDue = false;
        show(item);
      }, SHOWN_EVERY_MS);
    };
    const transfer = createTransfer({ tus, file, endpoint, chunkBytes: Number(chunkBytes), changed });
    /** @type {Item} */
    const item = { transfer, row, told: 0, shownState: '' };
    row.on('pause', transfer.pause);
    row.on('resume', transfer.start);
    row.on('retry', transfer.start);
    row.on('remove', () => remove(item));
    items.push(item);
    show(item);
  }

  /** @param {Item} item */
  function show(item) {
    const { transfer, row } = item;
    const { state, sent, speed, file, problem } = transfer;
    const isNews = state !== item.shownState;
    item.shownState = state;
    const bytes = file.size;
    const percent = percentOf(sent, bytes);
    switch (state) {
      case 'waiting':
        row.show({ state, text: `${sizeText(bytes)} · waits for its turn`, actions: ['remove'] });
        break;
      case 'sending':
        row.show({ state, percent, text: progressText({ sent, bytes, speed }), actions: ['pause'] });
        break;
      case 'held_up':
        row.show({
          state,
          percent,
          text: `${percent} % of ${sizeText(bytes)} · ${problem}`,
          actions: ['pause'],
        });
        break;
      case 'paused':
        row.show({
          state,
          percent,
          text: `${percent} % of ${sizeText(bytes)} · paused`,
          actions: ['resume', 'remove'],
        });
        break;
      case 'here':
        row.show({ state, text: `${sizeText(bytes)} · in the chat`, actions: [] });
        break;
      case 'refused':
        row.show({
          state,
          text: problem,
          actions: transfer.isWorthAnotherTry ? ['retry', 'remove'] : ['remove'],
        });
        break;
    }
    if (isNews) tell(item);
    else tellPercent(item, percent);
    forgetKnown(transfer.url);
    if (isNews) goOn();
  }

  /** @param {Item} item */
  function tell({ transfer: { file, state, problem } }) {
    const sentence = {
      waiting: undefined,
      sending: `Uploading ${file.name}.`,
      held_up: `${file.name}: ${problem}.`,
      paused: `${file.name} is paused.`,
      here: `${file.name} is in the chat.`,
      refused: `${file.name}: ${problem}`,
    }[state];
    if (sentence !== undefined) say(sentence);
  }

  /**
   * @param {Item} item
   * @param {number} percent
   */
  function tellPercent(item, percent) {
    const reached = TOLD_PERCENTS.findLast((one) => percent >= one) ?? 0;
    if (reached <= item.told) return;
    item.told = reached;
    if (item.transfer.state === 'sending') say(`${reached} % of ${item.transfer.file.name}.`);
  }

  /**
   * What comes right behind something else is read out with it.
   *
   * @param {string} sentence
   */
  function say(sentence) {
    const isTogether = performance.now() - saidAt < SAID_TOGETHER_MS;
    said.textContent = isTogether ? `${said.textContent} ${sentence}` : sentence;
    saidAt = performance.now();
  }

  /** Begins the next file where none is under way; a paused one is, so that a pause spares the network. */
  function goOn() {
    const states = items.map(({ transfer }) => transfer.state);
    const isBusy = states.some((state) => state === 'sending' || state === 'held_up' || state === 'paused');
    const next = isBusy ? undefined : items.find(({ transfer }) => transfer.state === 'waiting');
    next?.transfer.start();
    const isOver = !isBusy && next === undefined;
    if (isOver && states.includes('here') && done.hidden) showDone(true);
    keepAwake();
  }

  /** @param {boolean} isDone */
  function showDone(isDone) {
    done.hidden = !isDone;
    keepOpen.hidden = isDone;
    if (!isDone) return;
    const here = list.querySelectorAll('[data-state="here"]').length;
    const refused = list.querySelectorAll('[data-state="refused"]').length;
    const count = done.querySelector('[data-part="count"]');
    if (count !== null) count.textContent = doneText(here, here + refused);
    say(done.textContent?.trim() ?? '');
  }

  /** @param {Item} item */
  function remove(item) {
    items = items.filter((one) => one !== item);
    void item.transfer.abandon();
    leave(item.row);
    say(`${item.transfer.file.name} is removed.`);
    goOn();
  }

  /**
   * Takes a row away, and the focus to the next thing that takes it.
   *
   * @param {Row} row
   */
  function leave({ element }) {
    const hadFocus = element.contains(document.activeElement);
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    section.hidden = list.children.length === 0;
    if (!hadFocus) return;
    const button = neighbour?.querySelector('button:not([hidden])');
    (button instanceof HTMLElement ? button : input).focus();
  }

  /**
   * Makes a row of the server's live: one that began before the page was loaded can be ended.
   *
   * @param {HTMLLIElement} element
   */
  function adopt(element) {
    const { id = '', state } = element.dataset;
    if (state !== 'arriving') return;
    const name = element.querySelector('bdi')?.textContent ?? '';
    const row = createRow(name);
    row.element.dataset.id = id;
    const text = element.querySelector('[data-part="text"]')?.textContent ?? '';
    row.show({ state: 'paused', text: `${text} · choose the same file again to go on`, actions: ['remove'] });
    element.replaceWith(row.element);
    row.on('remove', () => {
      void fetch(`${endpoint}/${id}`, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } }).catch(
        () => {},
      );
      leave(row);
    });
  }

  /**
   * A file that goes on has a row of its own.
   *
   * @param {string | undefined} url
   */
  function forgetKnown(url) {
    const id = url?.split('/').at(-1);
    if (id === undefined || id === '') return;
    for (const row of list.querySelectorAll('li')) if (row.dataset.id === id) row.remove();
  }

  function wake() {
    for (const { transfer } of items) transfer.wake();
    keepAwake();
  }

  /** Keeps the screen on while something is sent; the browser takes that back whenever the page is not seen. */
  async function keepAwake() {
    const isWanted = items.some(({ transfer: { state } }) => state === 'sending' || state === 'held_up');
    if (!isWanted) {
      const ending = wakeLock;
      wakeLock = undefined;
      await (await ending)?.release();
      return;
    }
    if (wakeLock !== undefined || document.visibilityState !== 'visible') return;
    // Refused where the battery is low, absent outside https.
    const own = navigator.wakeLock?.request('screen').catch(() => undefined);
    wakeLock = own;
    (await own)?.addEventListener('release', () => {
      if (wakeLock === own) wakeLock = undefined;
    });
  }

  /** @param {File} file */
  const isInList = ({ name, size, lastModified }) =>
    items.some(
      (item) =>
        isUnderWay(item) &&
        item.transfer.file.name === name &&
        item.transfer.file.size === size &&
        item.transfer.file.lastModified === lastModified,
    );

  function listenForDrops() {
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
    window.addEventListener('dragover', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      form.dataset.over = '';
    });
    window.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) delete form.dataset.over;
    });
    window.addEventListener('drop', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      delete form.dataset.over;
      add([...(event.dataTransfer?.files ?? [])]);
    });
  }
}

/** @param {Item} item */
const isUnderWay = ({ transfer: { state } }) => state !== 'here' && state !== 'refused';

/**
 * A row of the list, made of the template in the page.
 *
 * @param {string} name
 */
function createRow(name) {
  const template = byId('file-row', HTMLTemplateElement);
  const element = /** @type {HTMLLIElement} */ (
    document.importNode(template.content, true).querySelector('li')
  );
  const part = (/** @type {string} */ of) => element.querySelector(`[data-part="${of}"]`);
  const buttons = [...element.querySelectorAll('button')];
  for (const place of element.querySelectorAll('bdi')) place.textContent = name;
  const progress = /** @type {HTMLProgressElement} */ (part('progress'));
  progress.setAttribute('aria-label', name);
  /** @type {Map<string, () => void>} */
  const handlers = new Map();
  for (const button of buttons)
    button.addEventListener('click', () => handlers.get(button.dataset.action ?? '')?.());

  return {
    element,
    /**
     * @param {string} action
     * @param {() => void} handler
     */
    on(action, handler) {
      handlers.set(action, handler);
    },
    /** @param {HTMLCanvasElement} canvas */
    picture(canvas) {
      part('picture')?.replaceChildren(canvas);
    },
    /** @param {{ state: string, percent?: number, text: string, actions: readonly string[] }} shown */
    show({ state, percent, text, actions }) {
      element.dataset.state = state;
      const line = part('text');
      if (line !== null && line.textContent !== text) line.textContent = text;
      progress.hidden = percent === undefined;
      progress.value = percent ?? 0;
      const focused = buttons.find((button) => button === document.activeElement);
      for (const button of buttons) button.hidden = !actions.includes(button.dataset.action ?? '');
      if (focused?.hidden) (buttons.find((button) => !button.hidden) ?? element).focus();
    },
  };
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 */
function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no ${id}.`);
  return element;
}

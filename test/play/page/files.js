import { el, icon, showList, sizeText } from './dom.js';

/** Files to begin with for whoever has none at hand. */
const EXAMPLES = [
  { label: 'Two photos', names: ['beach.png', 'studio.jpg'] },
  { label: 'A photo', names: ['studio.jpg'] },
  { label: 'A video', names: ['sunset.mp4'] },
];
/** @type {Record<string, string>} */
const TYPES = { png: 'image/png', jpg: 'image/jpeg', mp4: 'video/mp4' };
/** A browser that cannot play a video does not say so at once. */
const MEASURE_MS = 2_000;

let lastKey = 0;

/**
 * The files that somebody has chosen for a message: by a dialog, by drop, by paste or from the examples.
 *
 * @param {{ pane: HTMLElement, tray: HTMLElement, picker: HTMLElement, label: string, onChange?: () => void }} parts
 */
export function createTray({ pane, tray, picker, label, onChange = () => {} }) {
  /** @type {{ key: string, file: File, url: string }[]} */
  let chosen = [];

  const input = el('input', {
    type: 'file',
    multiple: true,
    class: 'visually-hidden',
    tabindex: -1,
    'aria-label': `${label}: choose files`,
    onchange: () => {
      add([...(input.files ?? [])]);
      input.value = '';
    },
  });
  const menu = el('details', { class: 'menu attach' }, [
    el('summary', { 'aria-label': `${label}: attach files`, title: 'Attach files' }, [icon('clip')]),
    el('div', { class: 'sheet' }, [
      el('button', { type: 'button', text: 'Choose files…', onclick: () => pick(() => input.click()) }),
      ...EXAMPLES.map(({ label: text, names }) =>
        el('button', {
          type: 'button',
          text: `Example: ${text.toLowerCase()}`,
          onclick: () => pick(() => addExamples(names)),
        }),
      ),
    ]),
  ]);
  picker.replaceChildren(menu, input);

  /** @param {() => void} then */
  function pick(then) {
    menu.open = false;
    then();
  }

  /** @param {readonly string[]} names */
  async function addExamples(names) {
    add(
      await Promise.all(
        names.map(async (name) => {
          const answer = await fetch(`/examples/${name}`);
          return new File([await answer.blob()], name, { type: TYPES[name.split('.').at(-1) ?? ''] ?? '' });
        }),
      ),
    );
  }

  /** @param {readonly File[]} files */
  function add(files) {
    if (takes?.(files)) return;
    for (const file of files) {
      lastKey += 1;
      chosen.push({ key: String(lastKey), file, url: URL.createObjectURL(file) });
    }
    show();
  }

  /** @param {string} key */
  function remove(key) {
    for (const { url } of chosen.filter((one) => one.key === key)) URL.revokeObjectURL(url);
    chosen = chosen.filter((one) => one.key !== key);
    show();
  }

  function show() {
    tray.hidden = chosen.length === 0;
    showList(
      tray,
      chosen.map(({ key, file: { name, size, type }, url }) => ({ key, name, size, type, url })),
      {
        key: ({ key }) => key,
        make: ({ key, name, size, type, url }) =>
          el('li', {}, [
            type.startsWith('image/')
              ? el('img', { src: url, alt: '' })
              : el('span', { class: 'kind' }, [icon(type.startsWith('video/') ? 'play' : 'file')]),
            el('span', { class: 'name', text: `${name} · ${sizeText(size)}` }),
            el(
              'button',
              { type: 'button', class: 'plain', 'aria-label': `Remove ${name}`, onclick: () => remove(key) },
              [icon('cross')],
            ),
          ]),
      },
    );
    onChange();
  }

  /** Somebody else who takes files first, as the fields of a command do. @type {((files: readonly File[]) => boolean) | undefined} */
  let takes;

  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
  pane.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    pane.dataset.over = '';
  });
  pane.addEventListener('dragleave', (event) => {
    if (!(event.relatedTarget instanceof Node) || !pane.contains(event.relatedTarget))
      delete pane.dataset.over;
  });
  pane.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    delete pane.dataset.over;
    add([...(event.dataTransfer?.files ?? [])]);
  });
  pane.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });

  return {
    add,
    get files() {
      return chosen.map(({ file }) => file);
    },
    clear() {
      for (const { key } of [...chosen]) remove(key);
    },
    /** @param {((files: readonly File[]) => boolean) | undefined} taker */
    giveTo(taker) {
      takes = taker;
    },
  };
}

/**
 * The size and length of a video as the app would tell them; null for anything else.
 *
 * @param {File} file
 * @returns {Promise<{ width: number, height: number, seconds: number } | null>}
 */
export function measure(file) {
  if (!file.type.startsWith('video/')) return Promise.resolve(null);
  return new Promise((resolve) => {
    const video = document.createElement('video');
    const url = URL.createObjectURL(file);
    const end = (/** @type {Parameters<typeof resolve>[0]} */ found) => {
      URL.revokeObjectURL(url);
      resolve(found);
    };
    video.preload = 'metadata';
    video.onerror = () => end(null);
    video.onloadedmetadata = () =>
      end(
        video.videoWidth > 0 && Number.isFinite(video.duration)
          ? { width: video.videoWidth, height: video.videoHeight, seconds: video.duration }
          : null,
      );
    setTimeout(() => end(null), MEASURE_MS);
    video.src = url;
  });
}

import { announce } from './announce.js';
import { act } from './api.js';
import { byId, el, icon, showList } from './dom.js';

/** @typedef {import('../views/shapes.ts').PhoneView} PhoneView */
/** @typedef {import('../views/shapes.ts').PhonePost} PhonePost */

const COUNT = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });
/** @param {number | undefined} count */
const countText = (count) => COUNT.format(count ?? 0);

/** What a post that is not public yet says on its tile. @type {Record<PhonePost['state'], string>} */
const STATES = {
  underway: 'Processing…',
  inbox: 'Draft',
  checking: 'Under review',
  public: '',
  friends: 'Friends',
  private: 'Only me',
  gone: 'Taken down',
};
/** A caption is cut after this until somebody wants more. */
const SHORT_CAPTION = 60;

/** The phone: TikTok's profile with the account's posts, its inbox, and a post that was opened. */
export function createPhone() {
  const screen = byId('screen', HTMLElement);
  const accounts = byId('phone-accounts', HTMLSelectElement);
  const head = byId('profile-head', HTMLElement);
  const grid = byId('profile-grid', HTMLElement);
  const inbox = byId('profile-inbox', HTMLElement);
  const viewer = byId('viewer', HTMLElement);
  /** @type {PhoneView | undefined} */
  let view;
  /** @type {string | undefined} */
  let opened;
  /** What was public before. @type {Set<string> | undefined} */
  let known;
  let shownPost = '';

  accounts.addEventListener('change', () => {
    close();
    show();
  });

  const profile = () =>
    view?.profiles.find(({ username }) => username === accounts.value) ?? view?.profiles[0];

  function show() {
    const one = profile();
    if (view === undefined || one === undefined) return;
    const names = view.profiles.map(({ username, isConnected }) => ({ username, isConnected }));
    showList(accounts, names, {
      key: ({ username }) => username,
      make: ({ username, isConnected }) =>
        el('option', { value: username, text: `@${username}${isConnected ? '' : ' (not connected)'}` }),
    });
    const { username, nickname, posts, likes, views } = one;
    const isPublic = (/** @type {PhonePost} */ { state }) => state === 'public';
    showList(head, [{ username, nickname, likes, views, count: posts.filter(isPublic).length }], {
      key: () => 'head',
      make: ({ nickname, likes, views, count }) =>
        el('div', {}, [
          el('span', { class: 'avatar', 'aria-hidden': 'true', text: nickname.slice(0, 1) }),
          el('h3', { text: nickname }),
          el('p', { class: 'handle', text: `@${username}` }),
          el('dl', {}, [
            stat('Posts', countText(count)),
            stat('Views', countText(views)),
            stat('Likes', countText(likes)),
          ]),
        ]),
    });
    showList(grid, posts, { key: ({ key }) => key, make: tile });
    const empty = byId('profile-empty', HTMLElement);
    empty.hidden = posts.length > 0;
    inbox.hidden = one.inbox.length === 0;
    showList(byId('inbox-list', HTMLElement), one.inbox, { key: ({ key }) => key, make: draft });
    showViewer();
  }

  /** @param {PhonePost} post */
  function tile(post) {
    const { state, counts, key, caption, kind } = post;
    return el(
      'button',
      {
        type: 'button',
        class: `tile ${state}`,
        'data-focus': `tile ${key}`,
        'aria-label': `${kind === 'photo' ? 'Photos' : 'Video'}: ${caption || 'no caption'}, ${STATES[state] || `${countText(counts?.views)} views`}`,
        onclick: () => {
          opened = key;
          showViewer();
          viewer.querySelector('button')?.focus();
        },
      },
      [
        coverOf(post),
        kind === 'photo' && post.media.length > 1 && el('span', { class: 'stack' }, [icon('photos')]),
        el(
          'span',
          { class: 'under' },
          state === 'public' ? [icon('play'), countText(counts?.views)] : [STATES[state]],
        ),
      ],
    );
  }

  /** @param {PhonePost} post */
  function draft({ publishId, caption, key }) {
    return el('li', {}, [
      el('span', { text: caption || 'A draft from Nod' }),
      el('button', {
        type: 'button',
        'data-focus': `draft ${key}`,
        text: 'Post it',
        onclick: () => act('phone/finish-draft', { publishId }),
      }),
    ]);
  }

  function close() {
    const before = opened;
    opened = undefined;
    showViewer();
    const target = [...grid.querySelectorAll('button')].find((one) => one.dataset.focus === `tile ${before}`);
    target?.focus();
  }

  function showViewer() {
    const post = profile()?.posts.find(({ key }) => key === opened);
    const json = JSON.stringify(post && { ...post, counts: undefined, state: post.state });
    viewer.hidden = post === undefined;
    screen.classList.toggle('open', post !== undefined);
    if (post === undefined) {
      viewer.replaceChildren();
      shownPost = '';
      return;
    }
    // A video that plays goes on while its numbers grow.
    if (json !== shownPost) viewer.replaceChildren(...viewerParts(post));
    shownPost = json;
    const side = viewer.querySelector('.side');
    side?.replaceChildren(...sideParts(post));
  }

  /** @param {PhonePost} post */
  function viewerParts(post) {
    const { state, publishId } = post;
    const name = profile()?.username ?? '';
    return [
      post.kind === 'photo' ? carousel(post) : player(post),
      el('div', { class: 'over' }, [
        el(
          'button',
          { type: 'button', class: 'round', 'aria-label': 'Back to the profile', onclick: close },
          [icon('back')],
        ),
        STATES[state] !== '' && el('span', { class: 'state', text: STATES[state] }),
        publishId !== undefined &&
          (state === 'public' || state === 'gone') &&
          el('button', {
            type: 'button',
            class: 'pill',
            text: state === 'gone' ? 'Bring back' : 'Take down',
            onclick: () => act(state === 'gone' ? 'phone/bring-back' : 'phone/take-down', { publishId }),
          }),
      ]),
      el('div', { class: 'side' }),
      el('div', { class: 'words' }, [
        el('b', { text: `@${name}` }),
        post.title !== '' && el('b', { class: 'title', text: post.title }),
        captionOf(post.caption),
      ]),
    ];
  }

  /** @param {PhonePost} post */
  function sideParts({ counts }) {
    return [
      el('span', {}, [icon('heart'), el('span', { text: countText(counts?.likes) }), hidden(' likes')]),
      el('span', {}, [
        icon('bubble'),
        el('span', { text: countText(counts?.comments) }),
        hidden(' comments'),
      ]),
      el('span', {}, [icon('share'), el('span', { text: countText(counts?.shares) }), hidden(' shares')]),
      el('span', {}, [icon('play'), el('span', { text: countText(counts?.views) }), hidden(' views')]),
    ];
  }

  return {
    /** @param {PhoneView} next */
    show(next) {
      view = next;
      const here = new Set(
        next.profiles.flatMap(({ posts }) =>
          posts.filter(({ state }) => state === 'public').map(({ key }) => key),
        ),
      );
      const fresh =
        known &&
        next.profiles.find(({ posts }) => posts.some(({ key }) => here.has(key) && !known?.has(key)));
      known = here;
      if (fresh) announce(`A new post is on the profile of @${fresh.username}.`);
      show();
    },
  };
}

/** @param {string} text */
const hidden = (text) => el('span', { class: 'visually-hidden', text });

/**
 * @param {string} name
 * @param {string} value
 */
const stat = (name, value) => el('div', {}, [el('dt', { text: name }), el('dd', { text: value })]);

/** @param {PhonePost} post */
function coverOf({ kind, media, cover }) {
  const chosen = kind === 'photo' ? (media[cover] ?? media[0]) : media[0];
  if (chosen === undefined) return el('span', { class: 'blank' });
  if (kind === 'photo') return el('img', { src: chosen.url, alt: '' });
  // The browser shows the frame at this moment.
  return el('video', {
    src: `${chosen.url}#t=${Math.max(cover, 0.05)}`,
    preload: 'metadata',
    muted: true,
    playsinline: true,
    tabindex: -1,
    'aria-hidden': 'true',
  });
}

/** @param {PhonePost} post */
function player({ media }) {
  const [first] = media;
  if (first === undefined) return el('div', { class: 'stage blank' });
  const video = el('video', {
    class: 'stage',
    src: first.url,
    loop: true,
    playsinline: true,
    controls: true,
    'aria-label': 'The video of the post',
  });
  video.muted = true;
  video.autoplay = !matchMedia('(prefers-reduced-motion: reduce)').matches;
  return video;
}

/** @param {PhonePost} post */
function carousel({ media, cover }) {
  let at = media[cover] === undefined ? 0 : cover;
  const picture = el('img', { alt: '' });
  const dots = el(
    'div',
    { class: 'dots', 'aria-hidden': 'true' },
    media.map(() => el('span')),
  );
  const turn = (/** @type {number} */ by) => {
    at = (at + by + media.length) % media.length;
    picture.src = media[at]?.url ?? '';
    picture.alt = `Photo ${at + 1} of ${media.length}`;
    for (const [index, dot] of [...dots.children].entries()) dot.classList.toggle('on', index === at);
  };
  const stage = el('div', { class: 'stage' }, [
    picture,
    ...(media.length > 1
      ? [
          el(
            'button',
            {
              type: 'button',
              class: 'round turn before',
              'aria-label': 'Photo before',
              onclick: () => turn(-1),
            },
            [icon('back')],
          ),
          el(
            'button',
            { type: 'button', class: 'round turn after', 'aria-label': 'Next photo', onclick: () => turn(1) },
            [icon('next')],
          ),
          dots,
        ]
      : []),
  ]);
  turn(0);
  return stage;
}

/** @param {string} caption */
function captionOf(caption) {
  const line = caption.split('\n')[0] ?? '';
  if (line === caption && caption.length <= SHORT_CAPTION) return el('p', {}, hashtags(caption));
  const whole = el('p', {}, hashtags(`${line.slice(0, SHORT_CAPTION)}… `));
  const more = el('button', {
    type: 'button',
    class: 'as-link',
    text: 'more',
    onclick: () => whole.replaceChildren(...hashtags(caption)),
  });
  whole.append(more);
  return whole;
}

/** @param {string} text */
const hashtags = (text) =>
  text
    .split(/([#@][\p{L}\p{N}_.]+)/u)
    .map((part, index) => (index % 2 === 1 ? el('b', { text: part }) : part));

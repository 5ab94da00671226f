for (const phone of document.querySelectorAll('[data-phone]')) startPhone(phone);

/**
 * Brings a phone to life: arrows and keys between its photos, its video's sound, a caption that opens.
 *
 * @param {Element} phone
 */
export function startPhone(phone) {
  startCaption(phone);
  startSlides(phone);
  startVideo(phone);
}

/**
 * Has a caption that is cut open and close.
 *
 * @param {Element} phone
 */
export function startCaption(phone) {
  const caption = part(phone, 'caption', HTMLElement);
  const more = part(phone, 'more', HTMLButtonElement);
  if (caption === undefined || more === undefined) return;
  const measure = () => {
    if (caption.dataset.open === undefined) more.hidden = caption.scrollHeight <= caption.clientHeight + 1;
  };
  more.addEventListener('click', () => {
    const isOpen = caption.toggleAttribute('data-open');
    more.textContent = isOpen ? 'less' : 'more';
    more.ariaExpanded = String(isOpen);
    // What is longer than its room is scrolled in, by the keyboard as well.
    if (isOpen && caption.scrollHeight > caption.clientHeight) caption.tabIndex = 0;
    else caption.removeAttribute('tabindex');
    caption.scrollTop = 0;
  });
  new ResizeObserver(measure).observe(caption);
}

/** @param {Element} phone */
function startSlides(phone) {
  const slides = part(phone, 'slides', HTMLElement);
  const back = part(phone, 'back', HTMLButtonElement);
  const next = part(phone, 'next', HTMLButtonElement);
  const counter = part(phone, 'count', HTMLElement);
  const said = part(phone, 'said', HTMLElement);
  if (!slides || !back || !next || !counter || !said) return;
  const dots = phone.querySelectorAll('.phone-dots i');
  const last = slides.children.length - 1;
  let here = -1;
  /** @type {number | undefined} */
  let target;

  /** @param {number} index */
  const show = (index) => {
    if (index === here) return;
    const isFirstTime = here === -1;
    here = index;
    const focused = document.activeElement;
    counter.textContent = `${here + 1} / ${last + 1}`;
    if (!isFirstTime) said.textContent = `Photo ${here + 1} of ${last + 1}`;
    back.hidden = here === 0;
    next.hidden = here === last;
    if (focused === back && back.hidden) next.focus();
    if (focused === next && next.hidden) back.focus();
    for (const [at, dot] of dots.entries()) dot.toggleAttribute('data-here', at === here);
  };
  /** @param {number} index */
  const go = (index) => {
    const to = Math.max(0, Math.min(last, index));
    if (to === here) return;
    target = to;
    slides.scrollTo({ left: to * slides.clientWidth });
    show(to);
  };
  /** @type {Record<string, () => number>} */
  const keys = { ArrowLeft: () => here - 1, ArrowRight: () => here + 1, Home: () => 0, End: () => last };

  back.addEventListener('click', () => go(here - 1));
  next.addEventListener('click', () => go(here + 1));
  phone.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = keys[event.key];
    if (to === undefined || event.target === part(phone, 'caption', HTMLElement)) return;
    event.preventDefault();
    go(to());
  });
  // A swipe is a scroll; what a press scrolls past on its way does not count.
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target: slide, isIntersecting } of entries) {
        const index = [...slides.children].indexOf(slide);
        if (!isIntersecting || (target !== undefined && index !== target)) continue;
        target = undefined;
        show(index);
      }
    },
    { root: slides, threshold: 0.6 },
  );
  for (const slide of slides.children) watcher.observe(slide);
  for (const event of ['pointerdown', 'wheel'])
    slides.addEventListener(event, () => (target = undefined), { passive: true });
  counter.hidden = false;
  show(0);
}

/** @param {Element} phone */
function startVideo(phone) {
  const video = part(phone, 'video', HTMLVideoElement);
  const play = part(phone, 'play', HTMLButtonElement);
  const sound = part(phone, 'sound', HTMLButtonElement);
  const seek = part(phone, 'seek', HTMLInputElement);
  if (!video || !play || !sound || !seek) return;
  const cover = Number(video.dataset.cover);
  let isBegun = false;

  const showPlaying = () => {
    play.toggleAttribute('data-playing', !video.paused);
    const word = play.querySelector('span');
    if (word !== null) word.textContent = video.paused ? 'Play' : 'Pause';
  };
  const showPosition = () => {
    if (!isBegun || !(video.duration > 0)) return;
    seek.value = String(Math.round((video.currentTime / video.duration) * 1000));
    seek.ariaValueText = `${Math.round(video.currentTime)} of ${Math.round(video.duration)} seconds`;
  };
  const showCover = () => {
    // What is approved is the video: its own picture takes the place of the one that stood for it.
    if (!isBegun && (cover > 0 || video.poster !== '')) video.currentTime = cover || 0.001;
  };
  const load = () => {
    if (video.preload === 'none') video.preload = 'metadata';
  };

  play.addEventListener('click', () => {
    if (!video.paused) return video.pause();
    // Until it plays, its cover is shown.
    if (!isBegun) video.currentTime = 0;
    isBegun = true;
    video.play().catch(showPlaying);
  });
  sound.addEventListener('click', () => {
    video.muted = !video.muted;
  });
  seek.addEventListener('input', () => {
    isBegun = true;
    if (video.duration > 0) video.currentTime = (Number(seek.value) / 1000) * video.duration;
  });
  for (const event of ['play', 'pause', 'ended']) video.addEventListener(event, showPlaying);
  video.addEventListener('timeupdate', showPosition);
  video.addEventListener('volumechange', () => {
    sound.ariaPressed = String(!video.muted);
  });
  // A browser that cannot play it says so in its own controls.
  video.addEventListener('error', () => {
    video.controls = true;
    for (const control of [play, sound, seek]) control.hidden = true;
  });
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) showCover();
  else video.addEventListener('loadedmetadata', showCover, { once: true });
  if (document.readyState === 'complete') load();
  else window.addEventListener('load', load, { once: true });
  video.controls = false;
  for (const control of [play, sound, seek]) control.hidden = false;
}

/**
 * @template {HTMLElement} T
 * @param {Element} phone
 * @param {string} name
 * @param {new () => T} kind
 */
function part(phone, name, kind) {
  const element = phone.querySelector(`[data-part="${name}"]`);
  return element instanceof kind ? element : undefined;
}

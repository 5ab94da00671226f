import { byId } from './dom.js';

/** The first look at a page is read by whoever reads it; only what comes after that is told. */
let isReady = false;

/** What comes from now on is said to who does not see it. */
export function startAnnouncing() {
  isReady = true;
}

/** What is loaded next is no news. */
export function stopAnnouncing() {
  isReady = false;
}

/** @param {string} text */
export function announce(text) {
  if (isReady) byId('said', HTMLElement).textContent = text;
}

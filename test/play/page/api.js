import { byId } from './dom.js';

/** Who acts; `setWho` changes it. */
let who = 'ana';

/** @param {string} name */
export function setWho(name) {
  who = name;
}

/**
 * Says something for a moment, also to who does not see it.
 *
 * @param {string} text
 * @param {'said' | 'wrong'} [tone]
 */
export function toast(text, tone = 'said') {
  const place = byId(tone === 'wrong' ? 'alerts' : 'toasts', HTMLElement);
  const line = document.createElement('p');
  line.textContent = text;
  place.append(line);
  setTimeout(() => line.remove(), 6_000);
}

/**
 * Does something as the person; undefined where it could not be done, which is said.
 *
 * @param {string} path as `telegram/press`
 * @param {object | FormData} body
 * @returns {Promise<any>}
 */
export async function act(path, body) {
  const isForm = body instanceof FormData;
  const answer = await fetch(`/act/${path}?who=${who}`, {
    method: 'POST',
    ...(isForm ? { body } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }).catch(() => undefined);
  if (answer === undefined) {
    toast('The playground does not answer: is it still running in the terminal?', 'wrong');
    return undefined;
  }
  const told = await answer.json().catch(() => ({ problem: 'The playground does not understand this.' }));
  if (answer.ok) return told;
  toast(told.problem, 'wrong');
  return undefined;
}

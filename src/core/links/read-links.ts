import { createHash } from 'node:crypto';
import { plainCaption } from '../plain-text.ts';
import { leadsToFile, nameOfLink } from './file-name.ts';

/** The links of a text, and what else it says. */
export interface LinkedText {
  readonly links: readonly string[];
  readonly rest: string;
}

/** Also between the angle brackets that keep Discord from showing a preview; the target of a Markdown link stays with it. */
const LINK = /<(?:https?:\/\/|www\.)[^\s<>]+>|(?<![\w@/.]|\]\()(?:https?:\/\/|www\.)[^\s<>]+/gi;
const SENTENCE_END = /[.,;:!?'"”’»|…]+$/;

/** The links of a text; those with https alone where it says more than links. */
export function readLinks(text: string): LinkedText {
  const all = split(text, () => true);
  return all.rest === '' ? all : split(text, isHttps);
}

/** The links of a text that lead to files, as far as they tell. */
export const readFileLinks = (text: string): LinkedText => split(text, leadsToFile);

const isHttps = (link: string): boolean => /^https:/i.test(link);

function split(text: string, isMeant: (link: string) => boolean): LinkedText {
  const links: string[] = [];
  const rest = text.replace(LINK, (found) => {
    const isWrapped = found.startsWith('<');
    const link = isWrapped ? found.slice(1, -1) : withoutEnd(found);
    if (!isMeant(link)) return found;
    if (!links.includes(link)) links.push(link);
    return isWrapped ? '' : found.slice(link.length);
  });
  const isSaid = /[\p{L}\p{N}\p{So}\p{Extended_Pictographic}#@]/u.test(rest);
  return { links, rest: links.length === 0 ? plainCaption(text) : isSaid ? tidy(rest) : '' };
}

/** Without the end of the sentence that it stands in; a bracket is part of it where it was opened in it. */
function withoutEnd(found: string): string {
  const link = found.replace(SENTENCE_END, '');
  const isOpen = (link.split('(').length ?? 0) < (link.split(')').length ?? 0);
  return link.endsWith(')') && isOpen ? withoutEnd(link.slice(0, -1)) : link;
}

/** What stood around a link, without the gap that it leaves. */
const tidy = (text: string): string =>
  plainCaption(
    text
      .replace(/[ \t]{2,}/g, ' ')
      .replace(/ +$/gm, '')
      .replace(/\n{3,}/g, '\n\n'),
  );

const REF = 'link ';

/** Names a link where the link itself, which lets everybody in who knows it, is not kept. */
const linkRef = (link: string): string => REF + createHash('sha256').update(link).digest('base64url');

/** A link as a file that somebody offers. */
export const fileOfLink = (link: string) => ({ ref: linkRef(link), link, name: nameOfLink(link) });

/** Whether a file came by a link. */
export const isLinkRef = (ref: string): boolean => ref.startsWith(REF);

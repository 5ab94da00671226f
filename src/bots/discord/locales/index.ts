import { Locale } from 'discord.js';
import type { CommandName } from '../../commands.ts';
import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };
import es from './es.json' with { type: 'json' };
import pt from './pt.json' with { type: 'json' };

/**
 * What comes after `/tiktok`: what brings files, and the commands of all chats but two. Nobody starts a bot in Discord,
 * and who approves is picked in the settings there.
 */
type Subcommand = 'post' | 'compose' | Exclude<CommandName, 'start' | 'approver'>;

/** All that Nod's Discord menus say, in one language. */
export type Texts = typeof en & {
  readonly subcommands: Readonly<Record<Subcommand, { readonly name: string; readonly description: string }>>;
};

const LANGUAGES: Readonly<Record<string, Texts>> = { en, de, es, pt };

/** The texts in a person's language, English for all that Nod does not speak. */
export const textsIn = (locale: string): Texts => LANGUAGES[locale.split('-')[0] ?? ''] ?? en;

/** One text in English. */
export const english = (textOf: (texts: Texts) => string): string => textOf(en);

/** The translations of one text, as Discord takes them beside the English one. */
export const translations = (textOf: (texts: Texts) => string) => ({
  [Locale.German]: textOf(de),
  [Locale.SpanishES]: textOf(es),
  [Locale.SpanishLATAM]: textOf(es),
  [Locale.PortugueseBR]: textOf(pt),
});

/** The names of what comes after `/tiktok`, as events carry them. */
export const SUBCOMMANDS = Object.keys(en.subcommands) as Subcommand[];

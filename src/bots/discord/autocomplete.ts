import { type APIApplicationCommandAutocompleteInteraction, InteractionResponseType } from 'discord.js';
import type { ChatEvent, ChatEventOf } from '../platform.ts';
import { focusedOption, readSubcommand, textOption } from './commands.ts';
import type { Frame } from './context.ts';
import { clip } from './render.ts';
import type { Replies } from './replies.ts';

/** Discord gives 3 s in all, and the way there takes time as well. */
const PATIENCE_MS = 2_000;
const MAX_CHOICES = 25;
const MAX_CHOICE_LENGTH = 100;

type Suggestions = Parameters<ChatEventOf<'suggest'>['offer']>[0];

/** Asks for suggestions while somebody fills in an option; offers nothing when none come in time. */
export async function suggest({
  interaction,
  frame,
  replies,
  safely,
}: {
  interaction: APIApplicationCommandAutocompleteInteraction;
  frame: Frame;
  replies: Replies;
  safely: (event: ChatEvent) => Promise<boolean>;
}): Promise<void> {
  let offered: Promise<boolean> | undefined;

  /** The first call counts. */
  async function offer(suggestions: Suggestions): Promise<void> {
    offered ??= replies.respond(interaction, {
      type: InteractionResponseType.ApplicationCommandAutocompleteResult,
      data: { choices: suggestions.filter(fits).slice(0, MAX_CHOICES).map(choiceOf) },
    });
    await offered;
  }

  const { options } = readSubcommand(interaction.data.options);
  const focused = focusedOption(options);
  if (focused?.name !== 'account' && focused?.name !== 'privacy') return offer([]);
  const account = focused.name === 'account' ? undefined : textOption(options, 'account');
  const timer = setTimeout(offer, PATIENCE_MS, []);
  await safely({
    ...frame,
    id: interaction.id,
    type: 'suggest',
    option: focused.name,
    typed: focused.typed,
    offer,
    account,
  });
  clearTimeout(timer);
  await offer([]);
}

const fits = ({ label, value }: Suggestions[number]): boolean =>
  label !== '' && value !== '' && value.length <= MAX_CHOICE_LENGTH;

const choiceOf = ({ label, value }: Suggestions[number]) => ({
  name: clip(label, MAX_CHOICE_LENGTH),
  value,
});

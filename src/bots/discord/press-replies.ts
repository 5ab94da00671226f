import { type APIMessageComponentInteraction, InteractionResponseType } from 'discord.js';
import { MessageGoneError, type MessageRef, type Question } from '../platform.ts';
import { privateRef } from './ids.ts';
import { questionModal } from './modals.ts';
import type { Answers } from './replies.ts';
import { inLanguage, TEXTS } from './texts.ts';

/** Discord gives 3 s in all, and the way there takes time as well. */
const PATIENCE_MS = 2_000;

/**
 * Answers one press: in time even when nobody says anything, with a note or with a window.
 *
 * A window opens only as the first answer (https://discord.com/developers/docs/interactions/receiving-and-responding),
 * a note can follow it.
 */
export function createPressAnswer(interaction: APIMessageComponentInteraction, answers: Answers) {
  let first: Promise<boolean> | undefined;
  let answered: Promise<void> | undefined;
  const timer = setTimeout(acknowledge, PATIENCE_MS);

  function acknowledge(): Promise<boolean> {
    clearTimeout(timer);
    first ??= answers.deferUpdate(interaction);
    return first;
  }

  /** The first call counts. */
  function answer(note?: string): Promise<void> {
    answered ??= finish(note);
    return answered;
  }

  async function finish(note: string | undefined): Promise<void> {
    const isTaken = await acknowledge();
    if (isTaken && note !== undefined) await answers.whisper(interaction, note);
  }

  async function ask(question: Question): Promise<void> {
    if (first !== undefined) return answer(inLanguage(TEXTS.pressAgain, interaction.locale));
    clearTimeout(timer);
    first = answers.respond(interaction, {
      type: InteractionResponseType.Modal,
      data: questionModal(question),
    });
    await first;
  }

  /** A message for the presser alone that stands there empty until it is edited. */
  async function openPrivately(): Promise<MessageRef> {
    const channelId = interaction.message.channel_id;
    if (first === undefined) {
      clearTimeout(timer);
      first = answers.deferReply(interaction);
      if (await first) return privateRef(interaction, channelId);
    } else if (await first) {
      const id = await answers.whisper(interaction, '…');
      if (id !== undefined) return privateRef(interaction, channelId, id);
    }
    throw new MessageGoneError('Discord no longer takes an answer to this press.');
  }

  return { answer, ask, openPrivately };
}

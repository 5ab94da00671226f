import {
  type APIInteraction,
  type APIInteractionResponse,
  type APIMessageComponentInteraction,
  InteractionResponseType,
  MessageFlags,
  RequestMethod,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import { retry } from '../../core/retry.ts';
import { ChatUnreachableError, MessageGoneError, type MessageRef, type Question } from '../platform.ts';
import type { Api } from './api.ts';
import { ALREADY_ACKNOWLEDGED, isRefusal } from './errors.ts';
import { privateRef } from './ids.ts';
import { textsIn } from './locales/index.ts';
import { questionModal } from './modals.ts';
import { renderText } from './render.ts';

/** Three tries, well within the 3 s that Discord gives. */
const RETRY_PAUSES_MS = [100, 400] as const;

const sentSchema = z.object({ id: z.string() });

/** Answers interactions; nothing here throws, because nothing may depend on it. */
export function createReplies({ api, log }: { api: Api; log: Logger }) {
  /**
   * Gives an interaction its first answer; false when it does not count.
   *
   * A try that Discord took although no answer came is found out by the next one.
   */
  async function respond(interaction: APIInteraction, body: APIInteractionResponse): Promise<boolean> {
    let hasFailed = false;
    try {
      await retry(() => callBack(interaction, body), {
        pauseAfter(error, failures) {
          if (!(error instanceof ChatUnreachableError)) return undefined;
          hasFailed = true;
          return RETRY_PAUSES_MS[failures];
        },
      });
      return true;
    } catch (error) {
      if (hasFailed && isRefusal(error, ALREADY_ACKNOWLEDGED)) return true;
      log.warn({ err: error }, 'An interaction was not answered');
      return false;
    }
  }

  const callBack = ({ id, token }: APIInteraction, body: APIInteractionResponse) =>
    api.request({
      name: 'createInteractionResponse',
      method: RequestMethod.Post,
      fullRoute: Routes.interactionCallback(id, token),
      body,
      isOpen: true,
      isQuick: true,
    });

  /** Shows that Nod is at it, to this person alone; a message of ours follows in its place. */
  const deferReply = (interaction: APIInteraction): Promise<boolean> =>
    respond(interaction, {
      type: InteractionResponseType.DeferredChannelMessageWithSource,
      data: { flags: MessageFlags.Ephemeral },
    });

  /** Ends a button's spinner; the message stays as it is. */
  const deferUpdate = (interaction: APIInteraction): Promise<boolean> =>
    respond(interaction, { type: InteractionResponseType.DeferredMessageUpdate });

  /** Tells this person alone; after a deferred reply it takes the place of it. Gives the message's id. */
  async function tellPrivately(interaction: APIInteraction, text: string): Promise<string | undefined> {
    try {
      const sent = await api.request({
        name: 'createFollowup',
        method: RequestMethod.Post,
        fullRoute: Routes.webhook(interaction.application_id, interaction.token),
        body: {
          components: renderText(text),
          flags: MessageFlags.Ephemeral | MessageFlags.IsComponentsV2,
          allowed_mentions: { parse: [] },
        },
        isOpen: true,
      });
      return sentSchema.parse(sent).id;
    } catch (error) {
      log.warn({ err: error }, 'A note to one person was not delivered');
      return undefined;
    }
  }

  return { respond, deferReply, deferUpdate, tellPrivately };
}

export type Replies = ReturnType<typeof createReplies>;

/** Discord gives 3 s in all, and the way there takes time as well. */
const PATIENCE_MS = 2_000;

/**
 * Answers one press: in time even when nobody says anything, with a note or with a window.
 *
 * A window opens only as the first answer (https://discord.com/developers/docs/interactions/receiving-and-responding),
 * a note can follow it.
 */
export function createPressAnswer(interaction: APIMessageComponentInteraction, replies: Replies) {
  let first: Promise<boolean> | undefined;
  let answered: Promise<void> | undefined;
  const timer = setTimeout(acknowledge, PATIENCE_MS);

  function acknowledge(): Promise<boolean> {
    clearTimeout(timer);
    first ??= replies.deferUpdate(interaction);
    return first;
  }

  /** The first call counts. */
  function answer(note?: string): Promise<void> {
    answered ??= finish(note);
    return answered;
  }

  async function finish(note: string | undefined): Promise<void> {
    const isTaken = await acknowledge();
    if (isTaken && note !== undefined) await replies.tellPrivately(interaction, note);
  }

  async function ask(question: Question): Promise<void> {
    if (first !== undefined) return answer(textsIn(interaction.locale).messages.pressAgain);
    clearTimeout(timer);
    first = replies.respond(interaction, {
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
      first = replies.deferReply(interaction);
      if (await first) return privateRef(interaction, channelId);
    } else if (await first) {
      const id = await replies.tellPrivately(interaction, '…');
      if (id !== undefined) return privateRef(interaction, channelId, id);
    }
    throw new MessageGoneError('Discord no longer takes an answer to this press.');
  }

  return { answer, ask, openPrivately };
}

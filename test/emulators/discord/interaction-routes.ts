// Faithful: one first answer within 3 s (10062 later, 40060 twice), the types each kind of interaction allows, loading
// messages, with_response (https://discord.com/developers/docs/interactions/receiving-and-responding). Simplified: a
// deferral's other flags are ignored and noted. Missing: launching activities.
import {
  ApplicationCommandAutocompleteCallbackRequestSchema,
  CreateMessageInteractionCallbackRequestSchema,
  ModalInteractionCallbackRequestSchema,
  PongInteractionCallbackRequestSchema,
  UpdateMessageInteractionCallbackRequestSchema,
} from 'discord-api-spec/zod';
import type { CallbackRequest } from './command-wire.ts';
import { violation } from './component-rules.ts';
import type { Emulation } from './emulation.ts';
import { ApiFailure, invalidForm, unknownInteraction, unknownMessage } from './failure.ts';
import { checkForm } from './form-errors.ts';
import { postAnswer } from './interaction-messages.ts';
import { isTimedOut } from './interactions.ts';
import { NO_PINGS } from './mentions.ts';
import { buildContent } from './message-content.ts';
import { show } from './message-routes.ts';
import { checkModal } from './modal-rules.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { uploadLimit } from './standing.ts';
import type { InteractionEntry, StoredMessage } from './state.ts';
import { FLAGS } from './wire.ts';

export const interactionRoutes: Route[] = [
  {
    name: 'createInteractionResponse',
    method: 'POST',
    pattern: '/interactions/{interaction}/{token}/callback',
    bucket: 'interactions',
    isOpen: true,
    run: answer,
  },
];

/** By kind of interaction: the types its first answer may have. */
const ALLOWED: Record<number, number[]> = { 2: [4, 5, 9], 3: [4, 5, 6, 7, 9], 4: [8], 5: [4, 5, 6, 7] };

async function answer(call: Call): Promise<Reply> {
  const { emulation, param, body, query, receivedAt } = call;
  const { state } = emulation;
  const interaction = state.interactions.find(
    ({ id, token }) => id === param('interaction') && token === param('token'),
  );
  if (!interaction) throw unknownInteraction();
  refuseLate(emulation, interaction);
  const request = readRequest(body);
  checkKind(interaction, request.type);
  const apply = await prepare(call, interaction, request);
  // Files took time: another answer may have come first, or the clock run out.
  refuseLate(emulation, interaction);
  const message = apply();
  interaction.answerType = request.type;
  interaction.acknowledgedAfterMs = receivedAt - interaction.startedAt;
  emulation.watch.changed();
  if (query.get('with_response') !== 'true') return noContent;
  return ok({ interaction: summary(interaction, message), ...resourceOf(emulation, request.type, message) });
}

function refuseLate(emulation: Emulation, interaction: InteractionEntry) {
  if (interaction.acknowledgedAfterMs !== undefined)
    throw new ApiFailure(400, 40060, 'Interaction has already been acknowledged.');
  if (isTimedOut(emulation, interaction)) throw unknownInteraction();
}

function readRequest(body: unknown): CallbackRequest {
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined;
  switch (type) {
    case 1:
      return checkForm(PongInteractionCallbackRequestSchema, body);
    case 4:
    case 5:
      return checkForm(CreateMessageInteractionCallbackRequestSchema, body);
    case 6:
    case 7:
      return checkForm(UpdateMessageInteractionCallbackRequestSchema, body);
    case 8:
      return checkForm(ApplicationCommandAutocompleteCallbackRequestSchema, body);
    case 9:
      return checkForm(ModalInteractionCallbackRequestSchema, body);
    default:
      throw invalidForm([
        violation(['type'], 'BASE_TYPE_CHOICES', 'Value must be one of (1, 4, 5, 6, 7, 8, 9).'),
      ]);
  }
}

function checkKind({ kind, sourceMessageId }: InteractionEntry, type: number) {
  const isPossible = (ALLOWED[kind] ?? []).includes(type);
  // Updates need a message whose component was used.
  const lacksMessage = (type === 6 || type === 7) && sourceMessageId === undefined;
  if (!isPossible || lacksMessage)
    throw invalidForm([
      violation(['type'], 'INTERACTION_CALLBACK_TYPE_INVALID', 'This type cannot answer this interaction.'),
    ]);
}

/** Does all that can fail; the rest happens at once in what it returns. */
async function prepare(
  call: Call,
  interaction: InteractionEntry,
  request: CallbackRequest,
): Promise<() => StoredMessage | undefined> {
  const { emulation } = call;
  switch (request.type) {
    case 4:
      return await prepareMessage(call, interaction, request.data ?? {});
    case 5: {
      const flags = request.data?.flags ?? 0;
      if (flags & ~FLAGS.EPHEMERAL) emulation.lint('a deferred answer carries no flag but EPHEMERAL');
      return () => postLoading(emulation, interaction, flags & FLAGS.EPHEMERAL);
    }
    case 6:
    case 7:
      return await prepareUpdate(call, interaction, request);
    case 8:
      return prepareChoices(interaction, request);
    case 9:
      checkModal(request.data);
      return () => {
        interaction.modal = request.data;
        return undefined;
      };
    default:
      return () => undefined;
  }
}

async function prepareMessage(
  { emulation, uploads }: Call,
  interaction: InteractionEntry,
  data: NonNullable<Extract<CallbackRequest, { type: 4 | 5 }>['data']>,
) {
  const entry = emulation.state.channels.get(interaction.channelId);
  const content = await buildContent(emulation, data, uploads, {
    channelId: interaction.channelId,
    limitBytes: entry ? uploadLimit(emulation, entry, interaction.userId) : 0,
  });
  return () => {
    const stored = postAnswer(emulation, interaction, content, data.allowed_mentions);
    interaction.originalId = stored.id;
    interaction.isEphemeral = stored.ephemeralFor !== undefined;
    return stored;
  };
}

function postLoading(emulation: Emulation, interaction: InteractionEntry, flags: number): StoredMessage {
  const content = { content: '', embeds: [], components: [], attachments: [], flags: flags | FLAGS.LOADING };
  const stored = postAnswer(emulation, interaction, content, undefined);
  stored.pings = NO_PINGS;
  interaction.originalId = stored.id;
  interaction.isEphemeral = stored.ephemeralFor !== undefined;
  return stored;
}

async function prepareUpdate(
  { emulation, uploads }: Call,
  interaction: InteractionEntry,
  { type, data }: Extract<CallbackRequest, { type: 6 | 7 }>,
) {
  const { state, messages } = emulation;
  const source = state.messages.get(interaction.sourceMessageId ?? '');
  if (!source || source.deletedAtMs !== undefined) throw unknownMessage();
  const entry = state.channels.get(interaction.channelId);
  const place = {
    channelId: interaction.channelId,
    limitBytes: entry ? uploadLimit(emulation, entry, interaction.userId) : 0,
    previous: source.current,
  };
  const content = type === 7 ? await buildContent(emulation, data ?? {}, uploads, place) : undefined;
  return () => {
    interaction.originalId = source.id;
    interaction.isEphemeral = source.ephemeralFor !== undefined;
    if (content) messages.edit(source, content);
    return source;
  };
}

function prepareChoices(interaction: InteractionEntry, { data }: Extract<CallbackRequest, { type: 8 }>) {
  const choices = (data?.choices ?? []).filter((choice) => choice !== null);
  return () => {
    interaction.choices = choices;
    return undefined;
  };
}

function summary({ id, kind, channelId, payload }: InteractionEntry, message: StoredMessage | undefined) {
  return {
    id,
    type: kind,
    channel_id: channelId,
    ...(typeof payload.guild_id === 'string' ? { guild_id: payload.guild_id } : {}),
    ...(message
      ? {
          response_message_id: message.id,
          response_message_loading: (message.current.flags & FLAGS.LOADING) !== 0,
          response_message_ephemeral: message.ephemeralFor !== undefined,
        }
      : {}),
  };
}

const resourceOf = (emulation: Emulation, type: number, message: StoredMessage | undefined) =>
  message ? { resource: { type, message: show(emulation, message) } } : {};

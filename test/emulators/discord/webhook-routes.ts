// Faithful: @original and follow-ups by token, without the bot's token; 50027 after 15 minutes, 10015 before the first
// answer; a follow-up to a deferral fills it, its flags ignored
// (https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages). Missing: other webhooks.
import {
  IncomingWebhookInteractionRequestSchema,
  IncomingWebhookUpdateRequestPartialSchema,
} from 'discord-api-spec/zod';
import { invalidWebhookToken, unknownMessage, unknownWebhook } from './failure.ts';
import { checkForm } from './form-errors.ts';
import { postAnswer } from './interaction-messages.ts';
import { TOKEN_LIFETIME_MS } from './interactions.ts';
import { buildContent } from './message-content.ts';
import { show } from './message-routes.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { uploadLimit } from './standing.ts';
import type { InteractionEntry, StoredMessage } from './state.ts';
import { FLAGS, type MessagePayload } from './wire.ts';

const HOOK = '/webhooks/{application}/{token}';
const MESSAGE = `${HOOK}/messages/{target}`;
const common = { bucket: 'interactions', isOpen: true } as const;

export const webhookRoutes: Route[] = [
  { name: 'createFollowup', method: 'POST', pattern: HOOK, ...common, run: followUp },
  { name: 'editInteractionMessage', method: 'PATCH', pattern: MESSAGE, ...common, run: edit },
  {
    name: 'getInteractionMessage',
    method: 'GET',
    pattern: MESSAGE,
    ...common,
    run: (call) => ok(show(call.emulation, target(call, reach(call)))),
  },
  {
    name: 'deleteInteractionMessage',
    method: 'DELETE',
    pattern: MESSAGE,
    ...common,
    run: (call) => {
      call.emulation.messages.remove(target(call, reach(call)));
      return noContent;
    },
  },
];

/** The interaction behind a living token. */
function reach({ emulation: { state, clock }, param }: Call): InteractionEntry {
  if (param('application') !== state.applicationId) throw unknownWebhook();
  const interaction = state.interactions.find(({ token }) => token === param('token'));
  if (!interaction || clock.now() > interaction.createdAtMs + TOKEN_LIFETIME_MS) throw invalidWebhookToken();
  const { acknowledgedAfterMs, answerType } = interaction;
  if (acknowledgedAfterMs === undefined || answerType === 8) throw unknownWebhook();
  return interaction;
}

/** The message that the path names, if the token reaches it. */
function target({ emulation: { state }, param }: Call, interaction: InteractionEntry): StoredMessage {
  const { originalId, sourceMessageId, followUpIds } = interaction;
  const id = param('target') === '@original' ? originalId : param('target');
  const stored = [originalId, sourceMessageId, ...followUpIds].includes(id)
    ? state.messages.get(id ?? '')
    : undefined;
  if (!stored || stored.deletedAtMs !== undefined) throw unknownMessage();
  return stored;
}

async function followUp(call: Call): Promise<Reply> {
  const { emulation, body } = call;
  const interaction = reach(call);
  const original = emulation.state.messages.get(interaction.originalId ?? '');
  const isLoading = original && original.deletedAtMs === undefined && original.current.flags & FLAGS.LOADING;
  if (isLoading) {
    const { flags, ...payload } = checkForm(IncomingWebhookUpdateRequestPartialSchema, body);
    return await change(call, interaction, original, { ...payload, flags: (flags ?? 0) & ~FLAGS.EPHEMERAL });
  }
  const payload = checkForm(IncomingWebhookInteractionRequestSchema, body);
  const content = await buildContent(emulation, payload, call.uploads, placeOf(call, interaction));
  const stored = postAnswer(emulation, interaction, content, payload.allowed_mentions);
  interaction.followUpIds.push(stored.id);
  emulation.watch.changed();
  return ok(show(emulation, stored));
}

async function edit(call: Call): Promise<Reply> {
  const interaction = reach(call);
  const stored = target(call, interaction);
  return await change(
    call,
    interaction,
    stored,
    checkForm(IncomingWebhookUpdateRequestPartialSchema, call.body),
  );
}

async function change(
  call: Call,
  interaction: InteractionEntry,
  stored: StoredMessage,
  payload: MessagePayload,
): Promise<Reply> {
  const { emulation, uploads } = call;
  const previous = stored.current;
  const content = await buildContent(emulation, payload, uploads, {
    ...placeOf(call, interaction),
    previous,
  });
  emulation.messages.edit(stored, content);
  return ok(show(emulation, stored));
}

function placeOf({ emulation }: Call, { channelId, userId }: InteractionEntry) {
  const entry = emulation.state.channels.get(channelId);
  return { channelId, limitBytes: entry ? uploadLimit(emulation, entry, userId) : 0 };
}

// Faithful: getMe, getUpdates and webhook status (https://core.telegram.org/bots/api#getting-updates). Simplified:
// setWebhook only blocks getUpdates. Missing: delivery to webhooks, moving between servers after logOut.
import { z } from 'zod';
import type { Emulation } from '../emulation.ts';
import { ApiFailure, badRequest } from '../failure.ts';
import type { Call, MethodTable } from './registry.ts';

export const receiveMethods: MethodTable = {
  getMe: { parameters: [], run: ({ state }) => state.bot },
  logOut: {
    parameters: [],
    run({ state }) {
      state.loggedOut = true;
      return true;
    },
  },
  getUpdates: { parameters: ['offset', 'limit', 'timeout', 'allowed_updates'], run: getUpdates },
  setWebhook: {
    parameters: [
      ...['url', 'certificate', 'ip_address', 'max_connections'],
      ...['allowed_updates', 'drop_pending_updates', 'secret_token'],
    ],
    run: setWebhook,
  },
  deleteWebhook: { parameters: ['drop_pending_updates'], run: deleteWebhook },
  getWebhookInfo: {
    parameters: [],
    run: ({ state, updates }) => ({
      url: state.webhook.url,
      has_custom_certificate: false,
      pending_update_count: updates.pending.length,
      ...(updates.allowed.length > 0 ? { allowed_updates: updates.allowed } : {}),
    }),
  },
  getFile: {
    parameters: ['file_id'],
    run({ files }, { params }) {
      const fileId = params.text('file_id');
      if (!fileId) throw badRequest('file_id not specified');
      return files.open(fileId);
    },
  },
};

async function getUpdates({ state, updates }: Emulation, { params, signal }: Call) {
  if (state.webhook.url !== '')
    throw new ApiFailure(
      409,
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  const allowedUpdates = readAllowed(params.object('allowed_updates'));
  const limit = params.integer('limit') ?? 100;
  return await updates.poll({
    offset: params.integer('offset') ?? 0,
    limit: limit < 1 || limit > 100 ? 100 : limit,
    timeoutSeconds: params.integer('timeout') ?? 0,
    ...(allowedUpdates ? { allowedUpdates } : {}),
    signal,
  });
}

function setWebhook({ state, updates, lint }: Emulation, { params }: Call) {
  const url = params.text('url') ?? '';
  if (url !== '' && !url.startsWith('https://'))
    throw badRequest('bad webhook: An HTTPS URL must be provided for webhook');
  if (url !== '') lint('setWebhook: delivery to webhooks is documented but not emulated');
  const allowedUpdates = readAllowed(params.object('allowed_updates'));
  if (allowedUpdates) updates.setAllowed(allowedUpdates);
  if (params.boolean('drop_pending_updates')) updates.dropPending();
  state.webhook.url = url;
  return true;
}

function deleteWebhook({ state, updates }: Emulation, { params }: Call) {
  if (params.boolean('drop_pending_updates')) updates.dropPending();
  state.webhook.url = '';
  return true;
}

function readAllowed(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const parsed = z.array(z.string()).safeParse(value);
  if (!parsed.success) throw badRequest("can't parse allowed_updates JSON object");
  return parsed.data;
}

// Discord on a loopback port, for tests and demos. Faithful: the gateway, the routes in *-routes.ts with requests held
// against Discord's published schemas and documented rules, interactions with their clocks, signed links. Simplified and
// missing: see the head of each file; above all one application, no voice, no user installs.

import { PATIENCE_MS } from '../watch.ts';
import { type Commands, createCommands } from './commands.ts';
import { createEmulation, type EmulatorOptions } from './emulation.ts';
import type { Fault, FaultName, FaultOptions } from './faults.ts';
import type { StoredFile, UploadFile } from './files.ts';
import { createHandles, type InteractionHandle } from './handle.ts';
import { isChosen, type MessageChoice, type WaitOptions } from './message-choice.ts';
import { EVERYTHING } from './messages.ts';
import { createModals, type Modals } from './modal.ts';
import { createAccess, createPeople, type People } from './people.ts';
import type { PermissionName } from './permissions.ts';
import { createPress, type Press } from './press.ts';
import type { RateLimits } from './rate-limits.ts';
import { renderChannel, renderMessage, renderModal } from './render.ts';
import { startServer } from './server.ts';
import type { RequestEntry, State } from './state.ts';
import type { WireChannel, WireMessage, WireUser } from './wire.ts';
import { createWorld, idOf, type Ref, type World } from './world.ts';

export type { CommandUse, MessageCommandUse } from './commands.ts';
export type { FieldInputs } from './modal.ts';
export type { OptionInputs } from './option-values.ts';
export type { NewPost } from './people.ts';
export type { ButtonChoice } from './press.ts';
export type { InteractionEntry, RequestEntry, State, StoredMessage } from './state.ts';
export type { WireAttachment, WireChannel, WireComponent, WireMessage, WireUser } from './wire.ts';
export type {
  EmulatorOptions,
  Fault,
  FaultName,
  FaultOptions,
  InteractionHandle,
  MessageChoice,
  PermissionName,
  UploadFile,
};
export type StartOptions = EmulatorOptions & {
  /** What Ana may do beyond everybody, for instance MANAGE_GUILD. */
  anaPermissions?: PermissionName[];
};

/** Starts a Discord with one bot, the guild Studio with the channel posts, and Ana in it, on a free loopback port. */
export async function startDiscordEmulator({
  anaPermissions = [],
  ...options
}: StartOptions = {}): Promise<DiscordEmulator> {
  const emulation = createEmulation(options);
  const { state, clock, messages, files, watch, faults, sessions } = emulation;
  const world = createWorld(emulation);
  const { guildOf: _, channelOf, ...populate } = world;
  const parts = {
    emulation,
    world,
    access: createAccess(emulation),
    handles: createHandles(emulation),
  };
  const server = await startServer(emulation);
  const studio = world.guild({ name: 'Studio' });
  const posts = world.channel(studio, { name: 'posts' });
  const ana = world.user({ name: 'Ana' });
  world.addMember(studio, ana, { permissions: anaPermissions });

  const shown = (channel: Ref) =>
    messages
      .inChannel(channelOf(channel).channel.id)
      .filter(({ ephemeralFor }) => ephemeralFor === undefined);
  const show = (stored: ReturnType<typeof shown>[number]) => messages.wire(stored, EVERYTHING);
  const render = (target: Ref | InteractionHandle): string => {
    if (typeof target === 'object' && 'waitForResponse' in target) return renderHandle(target);
    return renderChannel(state, channelOf(target), messages.inChannel(channelOf(target).channel.id));
  };
  const renderHandle = ({ interaction }: InteractionHandle): string => {
    const ids = [interaction.originalId, ...interaction.followUpIds];
    const living = ids
      .map((id) => state.messages.get(id ?? ''))
      .filter((stored) => stored && !stored.deletedAtMs);
    const texts = living
      .filter((stored) => stored !== undefined)
      .map((stored) => renderMessage(state, stored));
    return (
      [...(interaction.modal ? [renderModal(interaction.modal)] : []), ...texts].join('\n') || '(nothing)'
    );
  };

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      state.lint.push(...faults.unmet());
      faults.close();
      watch.close();
      await server.close();
    })();
    return closing;
  };

  return {
    apiUrl: `${server.url}/api`,
    token: emulation.token,
    applicationId: state.applicationId,
    state,
    files: files.all,
    studio,
    posts,
    ana,
    ...populate,
    ...createPeople(emulation, world),
    ...createCommands(parts),
    ...createPress(parts),
    ...createModals(parts),

    messages: (channel) => shown(channel).map(show),
    messagesFor: (channel, user) =>
      messages
        .inChannel(channelOf(channel).channel.id)
        .filter(({ ephemeralFor }) => ephemeralFor === undefined || ephemeralFor === idOf(user))
        .map(show),
    render,

    waitForMessage: (channel, choice, { timeoutMs = PATIENCE_MS } = {}) =>
      watch.until(
        () =>
          shown(channel)
            .filter(({ authorId }) => authorId === state.bot.id)
            .map(show)
            .findLast((message) => isChosen(message, choice)),
        {
          timeoutMs,
          onTimeout: () => new Error(`No message of the bot matched in ${timeoutMs} ms.\n${render(channel)}`),
        },
      ),
    waitForRequest: (route, { timeoutMs = PATIENCE_MS, when = () => true } = {}) =>
      watch.until(() => state.requests.find((request) => request.route === route && when(request)), {
        timeoutMs,
        onTimeout: () => new Error(`The bot sent no such ${route} in ${timeoutMs} ms.`),
      }),
    waitForGateway: ({ timeoutMs = PATIENCE_MS } = {}) =>
      watch.until(() => (sessions.isConnected ? true : undefined), {
        timeoutMs,
        onTimeout: () => new Error(`The bot did not connect to the gateway in ${timeoutMs} ms.`),
      }),
    async waitUntilHeard({ timeoutMs = PATIENCE_MS } = {}) {
      await watch.until(() => (sessions.isConnected ? true : undefined), {
        timeoutMs,
        onTimeout: () => new Error(`The bot did not connect to the gateway in ${timeoutMs} ms.`),
      });
      await server.gateway.flushed();
    },
    until: (read, { timeoutMs = PATIENCE_MS, what = 'The expected state' } = {}) =>
      watch.until(read, {
        timeoutMs,
        onTimeout: () => new Error(`${what} did not come in ${timeoutMs} ms.`),
      }),

    onChange: watch.listen,
    fault: (name, faultOptions) => faults.add(name, faultOptions),
    setRateLimits: (limits) => emulation.rateLimits.set(limits),
    cutGateway: server.gateway.cut,
    requestReconnect: server.gateway.requestReconnect,
    invalidateSession: server.gateway.invalidate,
    closeGateway: server.gateway.closeWith,
    now: clock.now,
    advance(ms) {
      clock.advance(ms);
      watch.changed();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

export interface DiscordEmulator
  extends AsyncDisposable,
    Omit<World, 'guildOf' | 'channelOf'>,
    People,
    Commands,
    Press,
    Modals {
  /** For discord.js's rest.api. */
  readonly apiUrl: string;
  readonly token: string;
  readonly applicationId: string;
  readonly state: State;
  /** Every file by id, with its bytes. */
  readonly files: ReadonlyMap<string, StoredFile>;
  readonly studio: { id: string; name: string };
  readonly posts: WireChannel;
  readonly ana: WireUser;
  /** The current messages of a channel, oldest first, without ephemeral ones. */
  messages(channel: Ref): WireMessage[];
  /** The current messages of a channel as one person sees them, oldest first, with the ephemeral ones for them. */
  messagesFor(channel: Ref, user: Ref): WireMessage[];
  /** A channel, ephemeral messages included, or what an interaction answered, as readable text. */
  render(target: Ref | InteractionHandle): string;
  /**
   * Resolves with the newest message of the bot that matches, now or after a send or edit; strings and patterns are
   * looked for in content and text displays. Rejects with the rendered channel once its patience ends.
   */
  waitForMessage(channel: Ref, choice: MessageChoice, options?: WaitOptions): Promise<WireMessage>;
  /** Resolves with the first request of a route that matches, past or to come; it may still be in progress. */
  waitForRequest(
    route: string,
    options?: WaitOptions & { when?: (request: RequestEntry) => boolean },
  ): Promise<RequestEntry>;
  /** Resolves when the bot is connected to the gateway with a session. */
  waitForGateway(options?: WaitOptions): Promise<true>;
  /** Resolves when the bot is connected and has received every event that was sent to it. */
  waitUntilHeard(options?: WaitOptions): Promise<void>;
  /** Resolves with the first defined value that `read` gives, tried at every change of the state. */
  until<T>(read: () => T | undefined, options?: WaitOptions & { what?: string }): Promise<T>;
  /** Calls a listener at every change of the state, until the function that comes back is called. */
  onChange(listener: () => void): () => void;
  /** Puts a fault in force until it is used up or lifted. */
  fault(name: FaultName, options?: FaultOptions): Fault;
  setRateLimits(limits: Partial<RateLimits>): void;
  /** Drops all gateway connections; their sessions can be resumed. */
  cutGateway(): void;
  /** Asks the bot to reconnect and resume (op 7). */
  requestReconnect(): void;
  /** Ends the bot's session under its connection (op 9). */
  invalidateSession(options?: { isResumable?: boolean }): void;
  /** Closes the gateway connections with a code, for instance 4004. */
  closeGateway(code: number, reason?: string): void;
  /** Virtual time in milliseconds, moved forward by advance. */
  now(): number;
  advance(ms: number): void;
  close(): Promise<void>;
}

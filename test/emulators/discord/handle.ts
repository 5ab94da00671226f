// Faithful: what the person who used a command or component sees of it. Simplified: "The application did not respond"
// is an error of the call that started it.

import { PATIENCE_MS } from '../watch.ts';
import type { Emulation } from './emulation.ts';
import { FIRST_ANSWER_MS, isTimedOut } from './interactions.ts';
import { isChosen, type MessageChoice, type WaitOptions } from './message-choice.ts';
import { EVERYTHING } from './messages.ts';
import type { InteractionEntry, StoredMessage } from './state.ts';
import { FLAGS, type WireMessage } from './wire.ts';

/** Creates the function that watches an interaction until its first answer. */
export function createHandles(emulation: Emulation) {
  const { state, messages, watch } = emulation;

  const visible = (id: string | undefined): StoredMessage | undefined => {
    const stored = state.messages.get(id ?? '');
    return stored && stored.deletedAtMs === undefined ? stored : undefined;
  };
  const show = (stored: StoredMessage) => messages.wire(stored, EVERYTHING);
  const isLoaded = ({ current }: StoredMessage) => !(current.flags & FLAGS.LOADING);

  const waitFor = (
    read: () => StoredMessage[],
    choice: MessageChoice | undefined,
    what: string,
    { timeoutMs = PATIENCE_MS }: WaitOptions,
  ) =>
    watch.until(
      () =>
        read()
          .filter(isLoaded)
          .map(show)
          .find((message) => choice === undefined || isChosen(message, choice)),
      {
        timeoutMs,
        onTimeout: () =>
          new Error(
            `No ${what} matched in ${timeoutMs} ms. It is: ${JSON.stringify(
              read()
                .map(show)
                .map(({ content, components }) => ({ content, components })),
            )}`,
          ),
      },
    );

  const handleOf = (interaction: InteractionEntry) => {
    const original = () => [visible(interaction.originalId)].filter((stored) => stored !== undefined);
    const followUps = () => interaction.followUpIds.map(visible).filter((stored) => stored !== undefined);
    return {
      id: interaction.id,
      interaction,
      /** Real time to the first answer. */
      acknowledgedAfterMs: interaction.acknowledgedAfterMs ?? 0,
      /** The type of the first answer: 4 message, 5 deferral, 6 deferred update, 7 update, 9 modal. */
      answerType: interaction.answerType,
      /** Whether only the person who acted sees the answer; undefined without a message. */
      ephemeral: interaction.isEphemeral,
      /** The modal that opened, if one did. */
      modal: interaction.modal,
      /** The current state of the answer; undefined when there is none, or not any more. */
      response: (): WireMessage | undefined => original().map(show)[0],
      /** Resolves with the answer once it matches and is not "thinking" any more. */
      waitForResponse: (choice?: MessageChoice, options: WaitOptions = {}) =>
        waitFor(original, choice, 'response', options),
      get followUps(): WireMessage[] {
        return followUps().map(show);
      },
      waitForFollowUp: (choice?: MessageChoice, options: WaitOptions = {}) =>
        waitFor(followUps, choice, 'follow-up', options),
    };
  };

  return {
    async acknowledged(interaction: InteractionEntry) {
      const late = () => new Error('The application did not respond.');
      return await watch.until(
        () => {
          if (interaction.acknowledgedAfterMs !== undefined) return handleOf(interaction);
          if (isTimedOut(emulation, interaction)) throw late();
          return undefined;
        },
        { timeoutMs: FIRST_ANSWER_MS, onTimeout: late },
      );
    },
  };
}

export type HandleMaker = ReturnType<typeof createHandles>;
export type InteractionHandle = Awaited<ReturnType<HandleMaker['acknowledged']>>;

/** The message that a test points at: itself, or an interaction's current answer. */
export function messageIdOf(target: { id: string } | InteractionHandle): string {
  if (!('waitForResponse' in target)) return target.id;
  const response = target.response();
  if (!response) throw new Error('This interaction has no answer to use, or not any more.');
  return response.id;
}

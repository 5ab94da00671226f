import { RequestMethod, Routes } from 'discord.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ChatRef, Person } from '../../core/people.ts';
import { type Card, ChatClosedError, type MessageRef } from '../platform.ts';
import type { Api } from './api.ts';
import { chatRef, parsePersonId } from './ids.ts';
import type { Outgoing } from './send.ts';

const channelSchema = z.object({ id: z.string() });

/** Writes to one person alone. */
export function createDirectMessages({ api, outgoing, log }: { api: Api; outgoing: Outgoing; log: Logger }) {
  /**
   * Sends a direct message; false for who takes none.
   *
   * Only an answer to an interaction could stand beside the message, and there is none to answer.
   */
  async function tellPrivately(_message: MessageRef, person: Person, card: Card): Promise<boolean> {
    try {
      const chat = await open(person);
      if (chat === undefined) return false;
      await outgoing.send(chat, card);
      return true;
    } catch (error) {
      const level = error instanceof ChatClosedError ? 'debug' : 'warn';
      log[level]({ err: error }, 'A direct message was not delivered');
      return false;
    }
  }

  /** The channel of direct messages with this person; undefined where Discord opens none. */
  async function privateChat(person: Person): Promise<ChatRef | undefined> {
    try {
      return await open(person);
    } catch (error) {
      log.warn({ err: error }, 'A channel of direct messages could not be opened');
      return undefined;
    }
  }

  async function open(person: Person): Promise<ChatRef | undefined> {
    const userId = parsePersonId(person);
    if (userId === undefined) return undefined;
    const channel = await api.request({
      name: 'createDm',
      method: RequestMethod.Post,
      fullRoute: Routes.userChannels(),
      body: { recipient_id: userId },
    });
    return chatRef(channelSchema.parse(channel).id);
  }

  return { tellPrivately, privateChat };
}

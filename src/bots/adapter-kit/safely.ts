import type { Logger } from 'pino';
import type { ChatEvent } from '../platform.ts';

/** Hands an event over; false when it could not be handled. */
export type Safely = (event: ChatEvent) => Promise<boolean>;

/** Keeps what goes wrong with one event from what comes after it. */
export const createSafely =
  ({ receive, log }: { receive: (event: ChatEvent) => Promise<void>; log: Logger }): Safely =>
  async (event) => {
    try {
      await receive(event);
      return true;
    } catch (error) {
      log.error({ err: error, type: event.type }, 'An event could not be handled');
      return false;
    }
  };

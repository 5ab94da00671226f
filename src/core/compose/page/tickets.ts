import { createHash } from 'node:crypto';
import type { Person } from '../../people.ts';
import type { Versioned } from '../../storage/database.ts';

/**
 * Lets one person compose one draft on the page behind a link, in one browser; its key is the SHA-256 of the secret in the
 * link, which itself is kept nowhere.
 */
export interface ComposeTicket extends Versioned {
  readonly draftId: string;
  readonly workspace: string;
  readonly person: Person;
  /** SHA-256 of the secret in the cookie of the first browser that opened it; absent before. */
  readonly browser?: string | undefined;
  readonly expiresAt: number;
}

/** How long a link is good. */
export const COMPOSE_LIFE_MS = 60 * 60_000;

/** What is kept of the secret in a browser's cookie. */
export const browserKey = (secret: string): string => createHash('sha256').update(secret).digest('hex');

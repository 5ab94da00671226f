import { z } from 'zod';
import type { Playground } from '../playground.ts';

const schema = z.object({ publishId: z.string() });

/** What somebody does in TikTok's own app on the phone, or TikTok with a post. */
export function createPhoneActs({ tiktok }: Playground) {
  const read = (body: unknown): string => schema.parse(body).publishId;
  return {
    json: {
      /** Posts a draft that has come into the inbox. */
      'finish-draft': async (body: unknown): Promise<void> => tiktok.completeDraft(read(body)),
      'take-down': async (body: unknown): Promise<void> => tiktok.setModeration(read(body), 'remove'),
      'bring-back': async (body: unknown): Promise<void> => tiktok.setModeration(read(body), 'approve'),
    },
    forms: {},
  };
}

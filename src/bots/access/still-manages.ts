import type { ChatRef } from '../../core/people.ts';
import { type Bot, ChatClosedError, type ChatEvent } from '../platform.ts';

/** Whether somebody manages the place now; nobody does where Nod is shut out. */
export async function stillManages(
  botFor: (chat: ChatRef) => Bot,
  { chat, person }: Pick<ChatEvent, 'chat' | 'person'>,
): Promise<boolean> {
  try {
    return (await botFor(chat).fetchMember(chat, person)).isManager;
  } catch (error) {
    if (error instanceof ChatClosedError) return false;
    throw error;
  }
}

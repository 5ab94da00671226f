import { UserError } from '../core/errors.ts';
import type { Bot, ChatEvent } from './bot.ts';

/** @throws UserError `not_admin` for somebody who does not manage the place. */
export async function checkManages(
  bot: Bot,
  { chat, person }: Pick<ChatEvent, 'chat' | 'person'>,
): Promise<void> {
  if (!(await bot.readStanding(chat, person)).isManager) throw new UserError({ code: 'not_admin' });
}

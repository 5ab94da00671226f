import type { CheckResult } from '../../core/doctor/check.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEventOf } from '../platform.ts';
import { note } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';
import { doctorCard } from './doctor-card.ts';

/** Answers `/doctor`: what keeps this Nod from working, to its operator alone. */
export async function showDoctor(
  {
    examine,
    sender,
    botFor,
  }: {
    examine: () => Promise<readonly CheckResult[]>;
    sender: Pick<Sender, 'answer'>;
    botFor: (chat: ChatRef) => Pick<Bot, 'openUrl'>;
  },
  event: ChatEventOf<'command'>,
): Promise<void> {
  const { chat, isPrivate, reply } = event;
  // It names accounts and places that are no business of whoever reads along.
  if (isPrivate || reply !== undefined) return sender.answer(event, doctorCard(await examine()));
  const where = botFor(chat).openUrl();
  const link = where === undefined ? '' : `: ${where}`;
  await sender.answer(
    event,
    note(`That is for you alone. Send ${wordingOf(chat).slash}doctor in our private chat${link}`),
  );
}

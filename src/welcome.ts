import type { App } from './app.ts';
import type { ChatState } from './bots/start.ts';
import type { Config } from './config.ts';

/** What the terminal says once Nod runs: where people find it, what makes somebody its operator, what TikTok wants. */
export function welcomeText(
  { claimCode, chats }: Pick<App, 'claimCode' | 'chats'>,
  { publicUrl, mediaBaseUrl = publicUrl }: Pick<Config, 'publicUrl'> & Partial<Pick<Config, 'mediaBaseUrl'>>,
): string {
  return [
    `Nod is ready at ${publicUrl}`,
    '',
    ...chats.map((chat) => chatLine(chat, { claimCode })),
    '',
    'To copy into your app at https://developers.tiktok.com/apps',
    `  Redirect URI          ${publicUrl}/oauth/callback`,
    `  Webhook callback URL  ${publicUrl}/webhooks/tiktok`,
    `  URL prefix to verify  ${mediaBaseUrl}/media/`,
    `  Terms of Service URL  ${publicUrl}/terms`,
    `  Privacy Policy URL    ${publicUrl}/privacy`,
  ].join('\n');
}

/** Where people open the bot in one chat, or why they cannot yet. */
export function chatLine(
  { platform, url, problem }: ChatState,
  { claimCode }: Pick<App, 'claimCode'>,
): string {
  const name = platform === 'telegram' ? 'Telegram' : 'Discord ';
  if (problem !== undefined) return `${name}  ✕ ${problem} Then start Nod again.`;
  if (url === undefined) return `${name}  does not answer yet; its link stands here once it does.`;
  if (platform === 'telegram')
    return claimCode === undefined
      ? `${name}  ${url}`
      : `${name}  ${url}?start=${claimCode}   open this once: it makes you the operator`;
  const invitation = `${name}  ${url}   invites the bot to your server`;
  return claimCode === undefined ? invitation : `${invitation}; then /tiktok claim code:${claimCode}`;
}

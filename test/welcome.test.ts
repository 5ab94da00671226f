import { expect, it } from 'vitest';
import { chatLine, welcomeText } from '../src/welcome.ts';

const PUBLIC_URL = 'https://nod.example.com';
const TELEGRAM = { platform: 'telegram', connection: 'connected', url: 'https://t.me/nod_bot' } as const;
const DISCORD = {
  platform: 'discord',
  connection: 'connected',
  url: 'https://discord.com/oauth2/a',
} as const;

it('has the link of each chat and the values for TikTok’s portal, each on a line of its own', () => {
  const text = welcomeText({ claimCode: undefined, chats: [TELEGRAM, DISCORD] }, { publicUrl: PUBLIC_URL });
  expect(text.split('\n')).toEqual([
    'Nod is ready at https://nod.example.com',
    '',
    'Telegram  https://t.me/nod_bot',
    'Discord   https://discord.com/oauth2/a   invites the bot to your server',
    '',
    'To copy into your app at https://developers.tiktok.com/apps',
    '  Redirect URI          https://nod.example.com/oauth/callback',
    '  Webhook callback URL  https://nod.example.com/webhooks/tiktok',
    '  URL prefix to verify  https://nod.example.com/media/',
    '  Terms of Service URL  https://nod.example.com/terms',
    '  Privacy Policy URL    https://nod.example.com/privacy',
  ]);
});

it('says what makes somebody the operator', () => {
  const claimCode = 'K7QM-2F4D';
  expect(chatLine(TELEGRAM, { claimCode })).toContain(
    'https://t.me/nod_bot?start=K7QM-2F4D   open this once',
  );
  expect(chatLine(DISCORD, { claimCode })).toContain('then /tiktok claim code:K7QM-2F4D');
});

it('says of a chat without a link why it has none', () => {
  const away = { platform: 'telegram', connection: 'away' } as const;
  expect(chatLine(away, { claimCode: undefined })).toBe(
    'Telegram  does not answer yet; its link stands here once it does.',
  );
  const problem =
    'Discord refuses DISCORD_TOKEN. Put in the token from the Bot page of the Developer Portal.';
  const refused = { platform: 'discord', connection: 'refused', problem } as const;
  expect(chatLine(refused, { claimCode: undefined })).toBe(`Discord   ✕ ${problem} Then start Nod again.`);
});

import type { App } from './app.ts';
import type { Config } from './config.ts';

/** What the terminal says once Nod runs: where people find it, what makes somebody its operator, what TikTok wants. */
export function welcomeText(
  { claimCode, openUrls }: Pick<App, 'claimCode' | 'openUrls'>,
  { publicUrl }: Pick<Config, 'publicUrl'>,
): string {
  const lines = openUrls.map(({ platform, url }) => {
    if (platform === 'telegram')
      return claimCode === undefined
        ? `Telegram  ${url}`
        : `Telegram  ${url}?start=${claimCode}   open this once: it makes you the operator`;
    return claimCode === undefined
      ? `Discord   ${url}`
      : `Discord   ${url}   then /tiktok claim code:${claimCode}`;
  });
  return [
    `Nod is ready at ${publicUrl}`,
    ...lines,
    `TikTok    redirect URI ${publicUrl}/oauth/callback · webhook ${publicUrl}/webhooks/tiktok · URL prefix ${publicUrl}/media/`,
  ].join('\n');
}

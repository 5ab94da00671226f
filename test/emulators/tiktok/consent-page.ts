import type { App, Creator } from './state.ts';

const scopeTexts: Record<string, string> = {
  'user.info.basic': 'Read your profile info (avatar, display name)',
  'user.info.profile': 'Read your additional profile information',
  'user.info.stats': 'Read your profile engagement statistics',
  'video.publish': 'Post content to TikTok',
  'video.upload': 'Share your content as a draft to TikTok',
  'video.list': 'Read your public videos on TikTok',
};

type Consent = { app: App; scopes: string[]; creators: Creator[]; action: string };

/** A form that works in a browser: choose the account, untick scopes, allow or deny. */
export function consentPage({ app, scopes, creators, action }: Consent) {
  const accounts = creators.map(
    ({ username, nickname }, index) =>
      `<label><input type="radio" name="creator" value="${escapeHtml(username)}"${index === 0 ? ' checked' : ''}>` +
      ` ${escapeHtml(nickname)} <small>@${escapeHtml(username)}</small></label>`,
  );
  const boxes = scopes.map(
    (scope) =>
      `<label><input type="checkbox" name="scope" value="${escapeHtml(scope)}" checked> ` +
      `${escapeHtml(scopeTexts[scope] ?? scope)}</label>`,
  );
  return layout(
    'Log in with TikTok',
    `<p>The app <b>${escapeHtml(app.clientKey)}</b> would like to access your account.</p>
<form method="post" action="${escapeHtml(action)}">
<fieldset><legend>Account</legend>${accounts.join('')}</fieldset>
<fieldset><legend>Access</legend>${boxes.join('')}</fieldset>
<button name="decision" value="allow">Continue</button>
<button name="decision" value="deny" class="quiet">Cancel</button>
</form>`,
  );
}

/** Where a wrong authorize URL ends; a person can only close the page. */
export function errorPage(error: string, errorType: string, text: string) {
  return layout(
    'Something went wrong',
    `<p>${escapeHtml(text)}</p><p><code>error=${escapeHtml(error)} error_type=${escapeHtml(errorType)}</code></p>`,
  );
}

function layout(title: string, content: string) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; }
fieldset { border: 1px solid #ddd; border-radius: 8px; margin: 0 0 1rem; }
label { display: block; margin: .4rem 0; }
button { font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: 6px; background: #fe2c55; color: #fff; }
button.quiet { background: #eee; color: #222; }
</style></head>
<body><h1>${title}</h1>
${content}
<p><small>This is an emulator, not TikTok.</small></p></body></html>`;
}

function escapeHtml(text: string) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

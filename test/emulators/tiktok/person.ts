export type Visit = {
  /** The authorize URL that the client made. */
  url: string;
  /** Username; the first account on the page unless told. */
  creator?: string;
  /** The boxes that stay ticked; all unless told. */
  scopes?: string[];
  /** The boxes that the person unticks. */
  refuse?: string[];
  deny?: boolean;
  /** A session from before, which lets TikTok skip the page unless `disable_auto_auth=1`. */
  signedInAs?: string;
};

/**
 * Does what a person does in a browser: opens the page, fills in the form, presses a button.
 * Returns the URL that the browser is sent to; an error page throws with its text.
 */
export async function visitAuthorizePage({
  url,
  creator,
  scopes,
  refuse = [],
  deny,
  signedInAs,
}: Visit): Promise<string> {
  const headers: Record<string, string> = signedInAs ? { cookie: `tiktok_session=${signedInAs}` } : {};
  const opened = await fetch(url, { redirect: 'manual', headers });
  const location = opened.headers.get('location');
  const page = await opened.text();
  if (location !== null) return location;
  if (!opened.ok) throw new Error(`TikTok shows an error page: ${textOf(page)}`);

  const form = new URLSearchParams({ decision: deny ? 'deny' : 'allow' });
  form.set('creator', creator ?? choices(page, 'creator')[0] ?? '');
  for (const scope of choices(page, 'scope')) {
    if ((!scopes || scopes.includes(scope)) && !refuse.includes(scope)) form.append('scope', scope);
  }
  const action = unescapeHtml(/<form[^>]* action="([^"]*)"/.exec(page)?.[1] ?? '');
  const answered = await fetch(new URL(action, url), {
    method: 'POST',
    body: form,
    redirect: 'manual',
    headers,
  });
  const target = answered.headers.get('location');
  if (target === null) throw new Error(`TikTok shows an error page: ${textOf(await answered.text())}`);
  await answered.arrayBuffer();
  return target;
}

function choices(page: string, name: string) {
  const pattern = new RegExp(`<input type="\\w+" name="${name}" value="([^"]*)"`, 'g');
  return [...page.matchAll(pattern)].map((match) => unescapeHtml(match[1] ?? ''));
}

function textOf(page: string) {
  const body = page.slice(page.indexOf('<body>'));
  return body
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function unescapeHtml(text: string) {
  return text.replace(/&#(\d+);/g, (_, number) => String.fromCharCode(Number(number)));
}

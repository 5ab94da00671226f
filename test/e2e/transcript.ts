/** Writes down what a chat shows, step by step: at each of them the messages that are new or have changed. */
export function createTranscript(render: () => string, hide: (text: string) => string) {
  const known = new Set<string>();
  const steps: string[] = [];

  function step(what: string): void {
    const shown = messagesIn(hide(render()));
    const news = shown.filter((message) => !known.has(message));
    for (const message of news) known.add(message);
    steps.push([`• ${what}`, ...news].join('\n'));
  }

  return { step, text: () => steps.join('\n\n') };
}

export type Transcript = ReturnType<typeof createTranscript>;

/** A message begins with its sender at the margin; the first line is the name of the chat. */
const messagesIn = (text: string): string[] =>
  text
    .split(/\n(?=\S)/)
    .filter((part) => !part.startsWith('---'))
    .map((part) => part.replace(/^.*/, plainHead));

/** A sender without what the emulators note beside it, and people do not see. */
function plainHead(head: string): string {
  const [, sender = head, notes = ''] = /^(.*?) \((.*)\)$/.exec(head) ?? [];
  const seen = notes
    .split(', ')
    .filter((one) => one !== '' && !/^(reply to )?#\d|^topic \d|^edited \d/.test(one));
  return seen.length === 0 ? sender : `${sender} (${seen.join(', ')})`;
}

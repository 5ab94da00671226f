import pino from 'pino';
import { expect, it } from 'vitest';
import { startWebsites, type Websites } from '../emulators/websites/index.ts';
import { buttonsOf, textOf } from '../world.ts';
import { startDiscordStage, textOf as textOfDiscord } from './discord-stage.ts';
import { bytesOf, LINK, type Stage, startStage } from './stage.ts';

const PHOTO = 'https://files.example.com/d/beach.jpg?secret=42';
const OTHER = 'https://files.example.com/d/other.jpg?secret=43';
const VIDEO = 'https://files.example.com/d/clip.mp4?secret=44';
const THIRD = 'https://files.example.com/d/third.jpg?secret=45';
const FILM = 'https://files.example.com/d/film.mp4?secret=46';

/** Websites with photos and videos. */
async function startShares(): Promise<Websites> {
  const web = await startWebsites();
  const files: Record<string, Buffer> = {
    '/d/beach.jpg': await bytesOf('phone.jpg'),
    '/d/other.jpg': await bytesOf('cmyk.jpg'),
    '/d/third.jpg': await bytesOf('phone.jpg'),
    '/d/clip.mp4': await bytesOf('demo/sunset.mp4'),
    '/d/film.mp4': await bytesOf('tiktok-h264.mp4'),
  };
  web.host('files.example.com', (request, response) => {
    const file = files[request.url?.split('?')[0] ?? ''];
    if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  return web;
}

function collectLog() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) };
}

async function startLinkStage() {
  await using stack = new AsyncDisposableStack();
  const web = stack.use(await startShares());
  const { lines, log } = collectLog();
  stack.defer(() => expect(lines.join('')).not.toMatch(/secret=|files\.example/));
  const stage = stack.use(await startStage({ links: { network: web.network }, log }));
  const kept = stack.move();
  return { web, stage, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const capitals = ({ telegram, anaChat }: Stage) => telegram.botMessages(anaChat).map(textOf);

it('publishes what is behind a link in a private chat, and its words as the caption', async () => {
  await using world = await startLinkStage();
  const { stage } = world;
  await stage.say(`First light\n${VIDEO}`);
  const draft = await stage.draft('clip.mp4');
  expect(textOf(draft)).toContain('First light');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { title: 'First light' } }]);
  expect(capitals(stage).join('\n')).not.toMatch(/secret|example\.com/);
});

it('makes one draft of the links of a message, which a link as a reply to its card joins', async () => {
  await using world = await startLinkStage();
  const { stage } = world;
  await stage.say(`${PHOTO} ${OTHER}`);
  const draft = await stage.draft('2 photos');
  await stage.say(`${PHOTO}&again`, draft);
  await stage.shows(draft, '3 photos');
  expect(stage.cards()).toHaveLength(1);
});

it('leaves a caption whole that has a link in it', async () => {
  await using world = await startLinkStage();
  const { web, stage } = world;
  await stage.say(PHOTO);
  const draft = await stage.draft('beach.jpg');
  await stage.say(`All of it at ${OTHER}`);
  await stage.shows(draft, `All of it at ${OTHER}`);
  await stage.say(`More at ${OTHER}`, draft);
  await stage.shows(draft, `More at ${OTHER}`);
  await stage.tap(draft, 'Edit caption');
  await stage.say(OTHER, await stage.card('reply to this with the caption'));
  await stage.shows(draft, new RegExp(`\n${OTHER.replaceAll(/[.?]/g, '\\$&')}`));
  await stage.tap(draft, 'Edit caption');
  await stage.card('reply to this with the caption');
  await stage.say(VIDEO);
  await stage.shows(draft, (message) => textOf(message).includes(VIDEO));
  await stage.settled();
  expect(web.state.requests).toHaveLength(1);
});

it('follows the message of a link when that is edited', async () => {
  await using world = await startLinkStage();
  const { stage } = world;
  const sent = await stage.telegram.sendText(stage.anaChat, stage.ana, `Frist light ${PHOTO}`);
  const draft = await stage.draft('beach.jpg');
  await stage.telegram.editText(sent, stage.ana, `First light ${PHOTO}`);
  await stage.shows(draft, 'First light');
  await stage.telegram.editText(sent, stage.ana, `First light ${OTHER}`);
  const other = await stage.shows(draft, (message) => textOf(message).includes('other.jpg'));
  await stage.post(await stage.shows(other, (message) => buttonsOf(message).includes('Post now')));
  await stage.shows(draft, LINK);
  await stage.telegram.editText(sent, stage.ana, `Second light ${OTHER}`);
  expect(textOf(await stage.card('You edited your message after'))).not.toContain('files.example');
});

it('follows each link of a message that is edited', async () => {
  await using world = await startLinkStage();
  const { web, stage } = world;
  const { telegram, anaChat, ana } = stage;
  const sent = await telegram.sendText(anaChat, ana, `First light ${PHOTO} ${OTHER}`);
  const draft = await stage.draft('2 photos');
  await telegram.editText(sent, ana, `First light ${PHOTO} ${THIRD}`);
  const third = await stage.shows(draft, (message) => textOf(message).includes('2  third.jpg'));
  expect(textOf(third)).toContain('third.jpg takes the place of what your message showed before.');
  expect(textOf(third)).toMatch(/1 {2}beach\.jpg/);
  // In another order they are the same files.
  await telegram.editText(sent, ana, `Second light ${THIRD} ${PHOTO}`);
  await stage.shows(draft, (message) => /Second light/.test(textOf(message)));
  await telegram.editText(sent, ana, `Second light ${THIRD}`);
  const left = await stage.shows(draft, '1 photo for TikTok');
  expect(textOf(left)).toContain('beach.jpg is left out: your message does not link to it any more.');
  // What it does not link to is no reason to have nothing.
  await telegram.editText(sent, ana, 'Third light');
  await stage.shows(draft, 'Third light');
  await stage.settled();
  expect(textOf(await stage.draft('Third light'))).toContain('third.jpg');
  expect(web.state.requests).toHaveLength(3);
});

it('follows the link of a video that has a draft of its own', async () => {
  await using world = await startLinkStage();
  const { stage } = world;
  const { telegram, anaChat, ana } = stage;
  const sent = await telegram.sendText(anaChat, ana, `${PHOTO} ${VIDEO}`);
  const photo = await stage.draft('1 photo for TikTok');
  const video = await stage.draft('clip.mp4');
  await telegram.editText(sent, ana, `Both ${PHOTO} ${FILM}`);
  await stage.shows(video, (message) => /film\.mp4[\s\S]*Both/.test(textOf(message)));
  await stage.shows(photo, (message) => /beach\.jpg[\s\S]*Both/.test(textOf(message)));
});

it('says that a post has the old file where a later link of its message is edited', async () => {
  await using world = await startLinkStage();
  const { stage } = world;
  const { telegram, anaChat, ana } = stage;
  const sent = await telegram.sendText(anaChat, ana, `${PHOTO} ${OTHER}`);
  const draft = await stage.draft('2 photos');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  await telegram.editText(sent, ana, `${PHOTO} ${THIRD}`);
  await stage.card('You replaced the file in your message after this was submitted');
});

it('says what is wrong with a link, and tries it again once that is put right', async () => {
  await using world = await startLinkStage();
  const { web, stage } = world;
  web.host('inside.example.com', (_request, response) => void response.end('secret'), [['10.0.0.1']]);
  await stage.say('https://inside.example.com/');
  await stage.card('Nod fetches only from the public internet');
  await stage.say('https://www.icloud.com/iclouddrive/0abc');
  await stage.card('iCloud has no link that gives the file itself. Download it, and send the file.');
  web.host('files.example.com', (_request, response) => void response.writeHead(403).end());
  await stage.say(PHOTO);
  const draft = await stage.card('The server does not give this file to everybody.');
  web.hostFile('files.example.com', await bytesOf('phone.jpg'));
  await stage.tap(draft, 'Try again');
  await stage.shows(draft, (message) => buttonsOf(message).includes('Post now'));
  expect(web.state.dials).not.toContain('10.0.0.1');
});

it('takes links in a group where it is addressed, and no others', async () => {
  await using world = await startLinkStage();
  const { web, stage } = world;
  const { telegram, ana } = stage;
  const ben = telegram.user({ firstName: 'Ben' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [ben], botIsAdmin: true });
  const ready = (name: string) =>
    telegram.waitForMessage(
      group,
      (message) => textOf(message).includes(name) && !/ {2}(on the way|being prepared)/.test(textOf(message)),
    );
  await telegram.sendText(group, ben, `Look: ${OTHER}`);
  const bens = await telegram.sendText(group, ben, VIDEO);
  await telegram.sendText(group, ana, `@${telegram.state.bot.username} First light ${PHOTO}`);
  expect(textOf(await ready('beach.jpg'))).toContain('First light');
  await telegram.sendText(group, ana, '/post At sea', { replyTo: bens });
  expect(textOf(await ready('clip.mp4'))).toContain('At sea');
  await stage.settled();
  expect(web.state.requests.map(({ path }) => path)).not.toContain('/d/other.jpg?secret=43');
});

it('takes the link of /tiktok post, and of a message in Discord', async () => {
  await using web = await startShares();
  const { lines, log } = collectLog();
  await using stage = await startDiscordStage({ links: { network: web.network }, log });
  const { discord, ana, posts } = stage;
  const handle = await stage.offer([], { options: { url: VIDEO, caption: 'First light' } });
  await stage.composer(handle, 'clip.mp4');
  await stage.post(handle);
  await stage.card(LINK);
  const message = await discord.sendMessage(posts, ana, `At sea <${PHOTO}>`);
  const chosen = await discord.runMessageCommand({ user: ana, message, name: 'Post to TikTok' });
  expect(textOfDiscord(await stage.composer(chosen, 'beach.jpg'))).toContain('At sea');
  const refused = await stage.offer([], { options: { url: 'http://files.example.com/d/clip.mp4' } });
  await refused.waitForResponse('Nod fetches files from https links only.');
  const nothing = await stage.offer([], {});
  await nothing.waitForResponse('Choose a file, or give the link to one.');
  expect(lines.join('')).not.toMatch(/secret=|files\.example/);
});

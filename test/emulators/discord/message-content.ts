// Faithful: how a request turns into a message: files named by the attachments list or appended, an edit's list drops
// what it leaves out, attachment:// names must exist, sizes are limited per file and in all
// (https://discord.com/developers/docs/resources/message#edit-message). Simplified: a file that an edit's list does not
// name is left out and noted.
import { violation, walkComponents } from './component-rules.ts';
import { mediaOf, numberComponents, referencedName } from './components-wire.ts';
import type { Emulation } from './emulation.ts';
import { entityTooLarge, invalidForm, type Violation } from './failure.ts';
import { cleanName, type StoredFile } from './files.ts';
import { checkMessage, checkNotEmpty, checkSwitchToV2 } from './message-rules.ts';
import type { KeptFile, MessageContent } from './state.ts';
import { FLAGS, type MessagePayload } from './wire.ts';

/** A file part of a request: n of `files[n]`. */
export type Upload = { index: string; fileName: string; contentType: string; bytes: Uint8Array };

const MAX_ATTACHMENTS = 10;
const MAX_REQUEST_BYTES = 25 * 1024 * 1024;
const EMPTY: MessageContent = { content: '', embeds: [], components: [], flags: 0, attachments: [] };

type Place = { channelId: string; limitBytes: number; previous?: MessageContent };

/** Makes the content of a new or edited message, or refuses it; nothing is stored but the files. */
export async function buildContent(
  emulation: Emulation,
  payload: MessagePayload,
  uploads: Upload[],
  { channelId, limitBytes, previous }: Place,
): Promise<MessageContent> {
  const old = previous ?? EMPTY;
  const flags = flagsOf(payload, previous);
  const isV2 = (flags & FLAGS.IS_COMPONENTS_V2) !== 0;
  checkMessage(payload, { isV2 });
  if (isV2 && !(old.flags & FLAGS.IS_COMPONENTS_V2)) checkSwitchToV2(payload, old);
  checkSizes(uploads, limitBytes);
  const plan = planAttachments(emulation, payload, uploads, previous);
  const components =
    payload.components === undefined ? old.components : numberComponents(payload.components ?? []);
  checkReferences(emulation, { components, plan, isV2 });
  const content = payload.content === undefined ? old.content : (payload.content ?? '');
  const embeds = payload.embeds === undefined ? old.embeds : (payload.embeds ?? []);
  checkNotEmpty({ content, embeds, components, files: plan.length }, isV2);
  const attachments = await Promise.all(plan.map((planned) => keep(emulation, planned, channelId)));
  return { content, embeds, components, flags, attachments };
}

/** The v2 flag stays once it is set; the rest of an edit's flags replaces the old ones. */
function flagsOf({ flags }: MessagePayload, previous: MessageContent | undefined): number {
  if (!previous) return flags ?? 0;
  const lasting = previous.flags & (FLAGS.IS_COMPONENTS_V2 | FLAGS.EPHEMERAL);
  const given = (flags ?? previous.flags) & (FLAGS.SUPPRESS_EMBEDS | FLAGS.IS_COMPONENTS_V2);
  return lasting | given;
}

function checkSizes(uploads: Upload[], limitBytes: number) {
  const sizes = uploads.map(({ bytes }) => bytes.byteLength);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.some((size) => size > limitBytes) || total > Math.max(MAX_REQUEST_BYTES, limitBytes))
    throw entityTooLarge();
}

type Planned = { upload: Upload; description?: string; isSpoiler?: boolean } | { kept: KeptFile };

function planAttachments(
  emulation: Emulation,
  { attachments }: MessagePayload,
  uploads: Upload[],
  previous: MessageContent | undefined,
): Planned[] {
  const violations: Violation[] = [];
  const named = new Set<Upload>();
  const listed = (attachments ?? []).flatMap<Planned>(({ id, description, is_spoiler }, index) => {
    const kept = previous?.attachments.find(({ file }) => file.id === id);
    const upload = uploads.find((candidate) => candidate.index === id);
    if (upload) named.add(upload);
    if (upload)
      return [
        { upload, ...(description ? { description } : {}), ...(is_spoiler ? { isSpoiler: true } : {}) },
      ];
    if (kept) return [{ kept: description ? { ...kept, description } : kept }];
    violations.push(
      violation(
        ['attachments', index, 'id'],
        'ATTACHMENT_NOT_FOUND',
        `There is no file or attachment ${id}.`,
      ),
    );
    return [];
  });
  const rest = uploads.filter((upload) => !named.has(upload)).map<Planned>((upload) => ({ upload }));
  if (previous && attachments && rest.length > 0)
    emulation.lint('an edit uploads files that its attachments list does not name, so they are left out');
  const isAppended = !previous || !attachments;
  const old = previous && !attachments ? previous.attachments.map<Planned>((kept) => ({ kept })) : [];
  const plan = [...old, ...listed, ...(isAppended ? rest : [])];
  if (plan.length > MAX_ATTACHMENTS)
    violations.push(
      violation(['attachments'], 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_ATTACHMENTS} or fewer in length.`),
    );
  if (violations.length > 0) throw invalidForm(violations);
  return plan;
}

const nameOf = (planned: Planned) => ('kept' in planned ? planned.kept.file.fileName : storedName(planned));

const storedName = ({ upload, isSpoiler }: Exclude<Planned, { kept: KeptFile }>) =>
  `${isSpoiler ? 'SPOILER_' : ''}${cleanName(upload.fileName)}`;

function checkReferences(
  emulation: Emulation,
  { components, plan, isV2 }: { components: MessageContent['components']; plan: Planned[]; isV2: boolean },
) {
  const names = plan.map(nameOf);
  const used = new Set<string>();
  const violations = walkComponents(components).flatMap(({ component, path }) =>
    mediaOf(component).flatMap((medium) => {
      const name = referencedName(medium);
      if (name === undefined) return [];
      used.add(name);
      return names.includes(name)
        ? []
        : [
            violation(
              path,
              'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
              `The referenced attachment '${name}' was not found`,
            ),
          ];
    }),
  );
  if (violations.length > 0) throw invalidForm(violations);
  const hidden = isV2 ? names.filter((name) => !used.has(name)) : [];
  if (hidden.length > 0) emulation.lint(`no component shows ${hidden.join(', ')}, so nobody sees it`);
}

async function keep({ files }: Emulation, planned: Planned, channelId: string): Promise<KeptFile> {
  if ('kept' in planned) return planned.kept;
  const { upload, description } = planned;
  const file: StoredFile = await files.add(
    { ...upload, fileName: storedName(planned) },
    { folderId: channelId },
  );
  return { file, ...(description ? { description } : {}) };
}

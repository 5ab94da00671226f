// Faithful: components as answers show them: every one with an id, media resolved to signed links
// (https://discord.com/developers/docs/components/reference#unfurled-media-item). Simplified: media from elsewhere is
// shown as given.
import type { Files } from './files.ts';
import type { MessageContent } from './state.ts';
import type { WireComponent, WireMedia } from './wire.ts';

const REFERENCE = 'attachment://';

/** Numbers the components that came without an id, in order. */
export function numberComponents(components: readonly WireComponent[]): WireComponent[] {
  const used = new Set<number>();
  const collect = (component: WireComponent) => {
    if (component.id) used.add(component.id);
    for (const child of childrenOf(component)) collect(child);
  };
  components.forEach(collect);
  let next = 1;
  const number = (component: WireComponent): WireComponent => {
    while (used.has(next)) next++;
    const id = component.id || next++;
    return {
      ...component,
      id,
      ...(component.components ? { components: component.components.map(number) } : {}),
      ...(component.accessory ? { accessory: number(component.accessory) } : {}),
      ...(component.component ? { component: number(component.component) } : {}),
    };
  };
  return components.map(number);
}

const childrenOf = ({ components = [], accessory, component }: WireComponent): WireComponent[] => [
  ...components,
  ...(accessory ? [accessory] : []),
  ...(component ? [component] : []),
];

/** The name that a medium refers to by attachment://, if it does. */
export const referencedName = ({ url }: WireMedia): string | undefined =>
  url.startsWith(REFERENCE) ? decodeURIComponent(url.slice(REFERENCE.length)) : undefined;

/** All media that one component shows. */
export const mediaOf = ({ items = [], media, file }: WireComponent): WireMedia[] => [
  ...items.map((item) => item.media),
  ...(media ? [media] : []),
  ...(file ? [file] : []),
];

/** Components with living links in place of references. */
export function presentComponents(message: MessageContent, files: Files): WireComponent[] {
  const resolve = (medium: WireMedia): WireMedia => {
    const name = referencedName(medium);
    const kept = message.attachments.find(({ file }) => file.fileName === name)?.file;
    if (!kept) return { id: '0', proxy_url: medium.url, ...medium };
    const url = files.link(kept);
    return {
      id: kept.id,
      url,
      proxy_url: url,
      width: kept.width ?? null,
      height: kept.height ?? null,
      content_type: kept.contentType,
      attachment_id: kept.id,
    };
  };

  const present = (component: WireComponent): WireComponent => {
    const fileName = component.file ? referencedName(component.file) : undefined;
    const file = message.attachments.find((kept) => kept.file.fileName === fileName)?.file;
    return {
      ...DEFAULTS[component.type],
      ...withoutNulls(component),
      ...(component.components ? { components: component.components.map(present) } : {}),
      ...(component.accessory ? { accessory: present(component.accessory) } : {}),
      ...(component.items
        ? {
            items: component.items.map(({ media, description, spoiler }) => ({
              media: resolve(media),
              description: description ?? null,
              spoiler: spoiler ?? false,
            })),
          }
        : {}),
      ...(component.media ? { media: resolve(component.media) } : {}),
      ...(component.file ? { file: resolve(component.file) } : {}),
      ...(file ? { name: file.fileName, size: file.size } : {}),
    };
  };
  return message.components.map(present);
}

const SELECT_DEFAULTS = { min_values: 1, max_values: 1 };
const DEFAULTS: Record<number, Partial<WireComponent>> = {
  3: SELECT_DEFAULTS,
  5: SELECT_DEFAULTS,
  6: SELECT_DEFAULTS,
  7: SELECT_DEFAULTS,
  8: SELECT_DEFAULTS,
  11: { spoiler: false, description: null },
  13: { spoiler: false },
  14: { divider: true, spacing: 1 },
  17: { spoiler: false, accent_color: null },
};

function withoutNulls(component: WireComponent): WireComponent {
  const copy = { ...component };
  for (const key of Object.keys(copy)) if (Reflect.get(copy, key) === null) Reflect.deleteProperty(copy, key);
  return copy;
}

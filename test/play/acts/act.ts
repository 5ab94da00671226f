import { z } from 'zod';
import { PEOPLE } from '../people.ts';

/** Who acts. */
export const who = z.enum(PEOPLE);

/** A form with files, as a browser sends it. */
export interface Form {
  readonly text: (name: string) => string | undefined;
  readonly files: (name: string) => Promise<SentBytes[]>;
  readonly names: () => string[];
}

export interface SentBytes {
  readonly bytes: Uint8Array;
  readonly fileName: string;
  readonly contentType: string;
}

/** Reads a multipart form. */
export function readForm(form: FormData): Form {
  return {
    text: (name) => {
      const value = form.get(name);
      return typeof value === 'string' ? value : undefined;
    },
    files: async (name) => {
      const files = form.getAll(name).filter((value) => typeof value !== 'string');
      return Promise.all(
        files.map(async (file) => ({
          bytes: await file.bytes(),
          fileName: file.name,
          contentType: file.type,
        })),
      );
    },
    names: () => [...new Set(form.keys())],
  };
}

/** A part of a form that is JSON. */
export const jsonText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue('is no JSON');
    return z.NEVER;
  }
});

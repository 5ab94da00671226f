import { describe, expect, it } from 'vitest';
import { plainLink } from '../../../src/core/links/plain-link.ts';
import type { LinkReason } from '../../../src/core/problems.ts';

const DRIVE = 'https://drive.usercontent.google.com/download?id=1AbC-dEf_GhIjK&export=download&confirm=t';

describe('a share link', () => {
  it.each([
    ['https://drive.google.com/file/d/1AbC-dEf_GhIjK/view?usp=sharing', DRIVE],
    ['https://drive.google.com/file/u/1/d/1AbC-dEf_GhIjK/edit', DRIVE],
    ['https://drive.google.com/a/studio.example/file/d/1AbC-dEf_GhIjK/view', DRIVE],
    ['https://drive.google.com/open?id=1AbC-dEf_GhIjK', DRIVE],
    ['https://drive.google.com/uc?id=1AbC-dEf_GhIjK&export=download', DRIVE],
    ['https://docs.google.com/uc?id=1AbC-dEf_GhIjK', DRIVE],
    ['https://drive.google.com/file/d/1AbC-dEf_GhIjK/view?resourcekey=0-x_Y', `${DRIVE}&resourcekey=0-x_Y`],
    [
      'https://www.dropbox.com/scl/fi/abc123/clip.mp4?rlkey=k1&st=x&dl=0',
      'https://www.dropbox.com/scl/fi/abc123/clip.mp4?rlkey=k1&st=x&dl=1',
    ],
    ['https://dropbox.com/s/abc123/clip.mp4?raw=1', 'https://dropbox.com/s/abc123/clip.mp4?dl=1'],
    [
      'https://1drv.ms/v/s!Ab_c-d',
      'https://api.onedrive.com/v1.0/shares/u!aHR0cHM6Ly8xZHJ2Lm1zL3YvcyFBYl9jLWQ/root/content',
    ],
    ['https://files.example.com/a/clip.mp4?sig=1', 'https://files.example.com/a/clip.mp4?sig=1'],
  ])('%s becomes %s', (link, plain) => {
    expect(plainLink(link).url.href).toBe(plain);
  });

  it.each([
    ['https://drive.google.com/drive/folders/1AbC-dEf_GhIjK', 'folder', 'Google Drive'],
    ['https://drive.google.com/drive/u/0/folders/1AbC', 'folder', 'Google Drive'],
    ['https://www.dropbox.com/scl/fo/abc/xyz?rlkey=1', 'folder', 'Dropbox'],
    ['https://www.dropbox.com/sh/abc/xyz', 'folder', 'Dropbox'],
    ['https://www.icloud.com/iclouddrive/0abc#clip', 'no_plain_form', 'iCloud'],
    ['https://share.icloud.com/photos/0abc', 'no_plain_form', 'iCloud'],
    ['https://photos.app.goo.gl/abc', 'no_plain_form', 'Google Photos'],
    ['https://we.tl/t-abc', 'no_plain_form', 'WeTransfer'],
    ['https://www.tiktok.com/@a/video/1', 'tiktok', 'TikTok'],
    ['https://vm.tiktok.com/abc', 'tiktok', 'TikTok'],
  ] as const)('%s is refused: %s', (link, reason, service) => {
    expect(reasonOf(link)).toEqual({ code: 'link_refused', reason, service });
  });
});

it.each<[LinkReason, readonly string[]]>([
  [
    'not_https',
    [
      'http://example.com/a',
      'ftp://example.com/a',
      'file:///etc/passwd',
      'www.example.com',
      'hello',
      '',
      'data:image/png;base64,AA',
    ],
  ],
  ['login', ['https://a@127.0.0.1/', 'https://files.example.com:x@10.0.0.1/a', 'https://:p@example.com']],
  ['port', ['https://example.com:8443/a', 'https://example.com:80/', 'https://127.0.0.1:22/']],
])('is refused without asking anybody: %s', (reason, links) => {
  for (const link of links) expect.soft(reasonOf(link), link).toMatchObject({ reason });
});

it('takes no other host for that of a service', () => {
  const links = [
    'https://drive.google.com.example.com/file/d/1AbC-dEf_GhIjK/view',
    'https://xdropbox.com/s/a/b',
  ];
  for (const link of links) expect(plainLink(link)).toEqual({ url: new URL(link), service: undefined });
});

function reasonOf(link: string): unknown {
  try {
    plainLink(link);
    return undefined;
  } catch (error) {
    return (error as { problem?: unknown }).problem;
  }
}

import sharp from 'sharp';

/** Narrows sharp to the picture formats that we take; the setting is the whole process's, setting it twice is fine. */
export function configureSharp(): void {
  sharp.cache(false);
  // SVG is a language with links to other files, and each further loader is more native code for strangers' bytes.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });
}

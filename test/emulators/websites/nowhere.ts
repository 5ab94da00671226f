import type { LinkNetwork } from '../../../src/core/links/connect.ts';

/** A network without anybody in it, for tests that are not about links. */
export const NOWHERE: LinkNetwork = {
  resolve: async () => [],
  dial() {
    throw new Error('There is nobody to connect to.');
  },
};

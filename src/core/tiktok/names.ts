import type { PostSettings, PrivacyLevel } from './types.ts';

/** How TikTok's own app calls who can see a post. */
export const PRIVACY_NAMES: Record<PrivacyLevel, string> = {
  PUBLIC_TO_EVERYONE: 'Everyone',
  MUTUAL_FOLLOW_FRIENDS: 'Friends',
  FOLLOWER_OF_CREATOR: 'Followers',
  SELF_ONLY: 'Only me',
};

/** What TikTok writes on a post that discloses advertising, of both kinds the stronger one; undefined for neither. */
export function disclosureLabel({ brandedContent, yourBrand }: PostSettings): string | undefined {
  if (brandedContent) return 'Paid partnership';
  return yourBrand ? 'Promotional content' : undefined;
}

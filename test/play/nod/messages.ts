/** What the playground tells its Nod: where the clock stands now, and that what is due by it is to be done. */
export type ToNod =
  | { readonly type: 'clock'; readonly id: number; readonly offsetMs: number }
  | { readonly type: 'moved'; readonly id: number };

/** What Nod tells the playground. */
export type FromNod =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'fatal'; readonly text: string };

/** The records: what every database of Nod's promises, and SQLite's, which needs no setting. */
export { openStores } from './sqlite/open-stores.ts';
export {
  createUpdates,
  FencedError,
  type Fresh,
  fencedStores,
  type RangeOptions,
  type RunStatement,
  type Search,
  type Store,
  type Stores,
  type Versioned,
} from './store.ts';

/** Remembers the newest so many things by their keys. */
export function createRecent<T>(max: number) {
  const kept = new Map<string, T>();

  function set(key: string, value: T): void {
    kept.delete(key);
    kept.set(key, value);
    const [oldest] = kept.keys();
    if (kept.size > max && oldest !== undefined) kept.delete(oldest);
  }

  return { set, get: (key: string): T | undefined => kept.get(key) };
}

// Runs many small waits at once, a bounded number at a time, and hands results over as they finish.

/** Results in order of completion. `work` must not throw: an error ends the iteration for everyone. */
export async function* inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running = new Map<number, Promise<{ id: number; result: R }>>()
  let next = 0
  while (next < items.length || running.size > 0) {
    while (running.size < limit && next < items.length) {
      const id = next++
      running.set(
        id,
        work(items[id]!).then((result) => ({ id, result })),
      )
    }
    const { id, result } = await Promise.race(running.values())
    running.delete(id)
    yield result
  }
}

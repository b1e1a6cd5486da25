// Long work in small pieces on one thread: of all that wait, one goes on in each pass of the event loop.

/** Each call waits for its turn; those who wait take turns in order. */
export function createTurns(): () => Promise<void> {
  const waiting: Array<() => void> = []
  const next = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next)
    })
}

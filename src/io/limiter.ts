// Bounded concurrency: at most so many pieces of work at once, the rest wait in order.

export interface Limiter {
  /** Waits for a place (or throws the signal's reason), does the work, gives the place back. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Takes a place for as long as the caller likes; call the answer exactly once. */
  take(signal: AbortSignal): Promise<() => void>
}

export function createLimiter(places: number): Limiter {
  let free = places
  const waiting = new Set<() => void>()

  const take = async (signal: AbortSignal): Promise<() => void> => {
    signal.throwIfAborted()
    if (free > 0) free -= 1
    else {
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          waiting.delete(enter)
          reject(signal.reason as Error)
        }
        const enter = () => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        waiting.add(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    }
    return () => {
      // The place goes straight to the next in line, so `free` never shows it.
      const [next] = waiting
      if (next === undefined) free += 1
      else {
        waiting.delete(next)
        next()
      }
    }
  }

  return {
    take,
    async run(work, signal) {
      const leave = await take(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}

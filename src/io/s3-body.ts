// Reads the body of an S3 answer in pieces, within a size limit and against endpoints that drip.
import { SourceError } from '../model/errors.ts'
import { type Millis, bytes, millis, readableBytes, readableDuration } from '../model/units.ts'
import type { Clock } from './clock.ts'

/** What the SDK gives in Node: a readable stream. */
export type NodeBody = AsyncIterable<Uint8Array> & { destroy(error?: Error): void }

export interface BodyLimits {
  /** Waiting for pieces, in all; grows with what has arrived at `slowest` bytes a second. */
  readonly bodyGrace: Millis
  readonly slowest: number
}

interface BodyRules {
  readonly url: string
  readonly maxBytes: number
  /** What the answer declared, if it did. */
  readonly declared: number | undefined
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly limits: BodyLimits
}

/** An error that `judge` reads as a timeout. */
export const timeoutError = (message: string): Error =>
  Object.assign(new Error(message), { name: 'TimeoutError' })

const tooLarge = ({ url, maxBytes }: BodyRules, size: number): SourceError =>
  new SourceError(
    'too-large',
    `${url} has ${readableBytes(bytes(size))}${size > maxBytes ? '' : ' or more'}; at most ${readableBytes(bytes(maxBytes))} are read`,
    { subject: url },
  )

/**
 * Yields the pieces. Only the time spent waiting for them counts, not the consumer's; it may reach a grace plus
 * what the bytes so far would take at the slowest rate we accept, so a body that drips ends in a timeout.
 */
export async function* piecesOf(body: NodeBody, rules: BodyRules): AsyncGenerator<Uint8Array> {
  const { clock, limits, signal, declared } = rules
  const stop = () => body.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  let waited = 0
  let received = 0
  try {
    if (declared !== undefined && declared > rules.maxBytes) throw tooLarge(rules, declared)
    const iterator = body[Symbol.asyncIterator]()
    for (;;) {
      const allowed = limits.bodyGrace + (received / limits.slowest) * 1_000 - waited
      const since = clock.monotonic()
      const timer = setTimeout(
        () => {
          const rate = `${readableBytes(bytes(received))} in ${readableDuration(millis(waited + allowed))}`
          body.destroy(timeoutError(`the body came too slowly: ${rate}`))
        },
        Math.max(0, allowed),
      )
      let next: IteratorResult<Uint8Array>
      try {
        next = await iterator.next()
      } finally {
        clearTimeout(timer)
      }
      signal.throwIfAborted()
      if (next.done === true) break
      waited += clock.monotonic() - since
      received += next.value.byteLength
      if (received > rules.maxBytes) throw tooLarge(rules, received)
      yield next.value
    }
    if (declared !== undefined && received !== declared)
      throw Object.assign(new Error(`${received} of ${declared} bytes arrived`), { code: 'ECONNRESET' })
  } finally {
    signal.removeEventListener('abort', stop)
    body.destroy()
  }
}

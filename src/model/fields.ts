// Field types that config blocks share: durations, sizes, globs.
import { z } from 'zod'
import { type Millis, parseDuration, printDuration } from './units.ts'

/** A Prometheus duration such as `30s` or `1h30m`, at least `least`. Reads to milliseconds and prints back. */
export const Duration = (least: Millis) =>
  z.codec(z.string(), z.custom<Millis>(), {
    decode(text, context) {
      const length = parseDuration(text)
      if (length !== undefined && length >= least) return length
      context.issues.push({
        code: 'custom',
        input: text,
        message: `expected a duration of at least ${printDuration(least)} such as 30s, 5m or 1h30m, found ${JSON.stringify(text)}`,
      })
      return z.NEVER
    },
    encode: (length) => printDuration(length),
  })

// How times, counts and sizes are said on every screen; unknown is a dash, never 0.
import {
  type Bytes,
  type Millis,
  type Timestamp,
  between,
  millis,
  readableBytes,
  readableCount,
  readableDuration,
} from '../model/units.ts'

export const UNKNOWN = '–'

export const age = (at: Timestamp | null | undefined, now: Timestamp): string =>
  at == null ? UNKNOWN : readableDuration(between(at, now))

/** `in 3 h`, `4 min late`. */
export function due(at: Timestamp | null, now: Timestamp): string {
  if (at === null) return UNKNOWN
  return at >= now ? `in ${readableDuration(between(now, at))}` : `${readableDuration(between(at, now))} late`
}

export const count = (value: number | null | undefined): string =>
  value == null ? UNKNOWN : readableCount(value)
export const size = (value: Bytes | null | undefined): string =>
  value == null ? UNKNOWN : readableBytes(value)
export const length = (value: Millis | null | undefined): string =>
  value == null
    ? UNKNOWN
    : value < 1_000
      ? `${Math.round(value)} ms`
      : value < 60_000
        ? `${(value / 1_000).toFixed(1)} s`
        : readableDuration(millis(value))

/** `2026-11-22 16:41:05`, UTC: everybody on a call reads the same. */
export const moment = (at: Timestamp | null | undefined): string =>
  at == null ? UNKNOWN : new Date(at).toISOString().slice(0, 19).replace('T', ' ')

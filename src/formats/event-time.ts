// Which column of a table tells when its data happened, where nobody has said so.

/** Names that people give to the time at which something happened, best first. */
const EVENT_TIME_NAMES = [
  'event_time',
  'event_timestamp',
  'event_ts',
  'eventtime',
  'eventtimestamp',
  'occurred_at',
  'timestamp',
  'ts',
  'time',
  'created_at',
  'updated_at',
  'event_date',
  'eventdate',
  'date',
  'day',
  'dt',
  'ds',
]

/** Times beyond this after now are sentinels (9999-12-31) or broken clocks, and say nothing about freshness. */
export const FUTURE_TOLERANCE_MS = 86_400_000

interface TypedColumn {
  readonly name: string
  readonly type: string
}

const isTimestamp = ({ type }: TypedColumn): boolean => type.startsWith('timestamp')
const isDate = ({ type }: TypedColumn): boolean => type === 'date'

/**
 * The only timestamp, or the only date where there is no timestamp; else the best known name among timestamps, dates and
 * `others` (partition columns whose values are times in text). Null when none stands out: guessing would look like knowing.
 */
export function obviousEventTime<C extends TypedColumn>(
  columns: readonly C[],
  others: readonly C[] = [],
): C | null {
  const timestamps = columns.filter(isTimestamp)
  const dates = columns.filter(isDate)
  const [only, another] = timestamps.length > 0 ? timestamps : dates
  if (only !== undefined && another === undefined) return only
  const candidates = [...timestamps, ...dates, ...others]
  for (const known of EVENT_TIME_NAMES) {
    const found = candidates.find(({ name }) => name.toLowerCase() === known)
    if (found !== undefined) return found
  }
  return null
}

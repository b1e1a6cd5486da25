// Server access logs of S3, line by line. AWS S3 user guide, "Amazon S3 server access log format". The lines hold what
// strangers sent (keys, user agents): only a line that follows the format to its last needed field counts.

export interface LoggedRead {
  readonly bucket: string
  /** Epoch ms. */
  readonly at: number
  readonly key: string
  readonly bytesSent: number
}

/** Longest line that is looked at; keys are 1 KiB, user agents and referrers are the rest. */
export const MAX_LOG_LINE = 16_384

const MONTHS: Readonly<Record<string, number>> = {
  Jan: 0,
  Feb: 1,
  Mar: 2,
  Apr: 3,
  May: 4,
  Jun: 5,
  Jul: 6,
  Aug: 7,
  Sep: 8,
  Oct: 9,
  Nov: 10,
  Dec: 11,
}

// owner bucket [time] ip requester request-id operation key "request" status error bytes-sent
// No two neighbouring parts can match the same text, so a hostile line costs time linear in its length.
const LINE =
  /^\S+ (\S+) \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] \S+ \S+ \S+ (\S+) (\S+) (?:"[^"]*"|-) (\d{3}|-) (\S+) (\d+|-)(?: |$)/

/** A read that succeeded; 'other' for any other request; undefined for a line that is none of S3's. */
export function readLogLine(line: string): LoggedRead | 'other' | undefined {
  if (line.length > MAX_LOG_LINE) return undefined
  const found = LINE.exec(line)
  if (found === null) return undefined
  const [, bucket, day, month, year, hour, minute, second, sign, zoneHours, zoneMinutes] = found
  const [operation, key, status, , sent] = found.slice(11)
  const monthNumber = MONTHS[month!]
  if (monthNumber === undefined) return undefined
  const local = Date.UTC(+year!, monthNumber, +day!, +hour!, +minute!, +second!)
  const at = local - (sign === '-' ? -1 : 1) * (+zoneHours! * 60 + +zoneMinutes!) * 60_000
  const isRead = operation === 'REST.GET.OBJECT' && (status === '200' || status === '206')
  if (!isRead) return 'other'
  const name = keyOf(key!)
  const bytesSent = sent === '-' ? 0 : Number(sent)
  if (name === undefined || !Number.isSafeInteger(bytesSent)) return undefined
  return { bucket: bucket!, at, key: name, bytesSent }
}

/** The log percent-encodes keys twice: once as in the URL, once more as text. */
function keyOf(text: string): string | undefined {
  try {
    return decodeURIComponent(decodeURIComponent(text))
  } catch {
    return undefined
  }
}

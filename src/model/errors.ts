// The errors that cross folders. Each says what was being done, to what, and what was found.

export type Reason =
  | 'missing' // it is not there
  | 'denied' // the credentials do not allow it
  | 'unreachable' // network failure, or the breaker is open
  | 'timeout'
  | 'throttled'
  | 'corrupt' // bytes that do not follow the format
  | 'gap' // a log whose versions are not contiguous
  | 'too-large' // a limit of ours was reached
  | 'unsupported' // a format version or feature that we do not read
  | 'outside-root' // a path that leads out of the table's declared roots
  | 'vanished' // it was there a moment ago
  | 'internal'

/**
 * Something watched could not be read. `subject` names the file or URL, `version` the table version
 * concerned where there is one; the message is a sentence a person on call can act on.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly reason: Reason
  readonly subject: string
  readonly version: string | undefined
  constructor(
    reason: Reason,
    message: string,
    where: { subject: string; version?: string | undefined; cause?: unknown },
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause })
    this.reason = reason
    this.subject = where.subject
    this.version = where.version
  }
}

/** The configuration, a rule file or an argument is wrong: exit code 2. The message carries file, line and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * What we keep could not be written or read: the disk is full, a database is damaged. What was there before is
 * unchanged; the message says what to do.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly reason: 'full' | 'corrupt' | 'failed'
  constructor(reason: 'full' | 'corrupt' | 'failed', message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}

/** Any thrown value as one line, causes included. Messages of ours carry no secrets; foreign ones are bounded. */
export function explainError(error: unknown): string {
  const parts: string[] = []
  for (let e: unknown = error; e !== undefined && parts.length < 5;) {
    parts.push(e instanceof Error ? e.message || e.name : typeof e === 'string' ? e : JSON.stringify(e))
    e = e instanceof Error ? e.cause : undefined
  }
  return parts.join(': ').slice(0, 2_000)
}

export const reasonOf = (error: unknown): Reason => (error instanceof SourceError ? error.reason : 'internal')

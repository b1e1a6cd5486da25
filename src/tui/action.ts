// Something that changes the daemon: asked before it is done, and the same as a command of the shell.
export interface Action {
  /** The binding that starts it. */
  readonly name: 'silence' | 'acknowledge' | 'expire' | 'accept' | 'dismiss' | 'snooze'
  /** As in `Silence TableOverdue of gold/orders for 2 h?`, without the question mark. */
  readonly what: string
  /** A sentence that must be given: why. */
  readonly needsReason: boolean
  request(ask: Asked): Request
  /** The same from a shell. */
  command(ask: Asked): string
}

export interface Asked {
  readonly reason: string
  readonly by: string
  readonly now: number
}

export interface Request {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** As a word of a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

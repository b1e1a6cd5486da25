// What is wrong in a file, and where: load errors, test-file errors and lint findings are all of this shape.

export interface Finding {
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  /** Which check found it: `syntax`, `field`, `expression`, …; a stable word to filter by. */
  readonly check: string
  readonly message: string
}

/** `file:line:column: severity: message (check)`, as editors read it. */
export const printFinding = ({ path, line, column, severity, message, check }: Finding): string =>
  `${path}:${line}:${column}: ${severity}: ${message} (${check})`

export const byPlace = (a: Finding, b: Finding): number =>
  a.path === b.path ? a.line - b.line || a.column - b.column : a.path < b.path ? -1 : 1

// Counts what was checked and prints a line per difference; shared by the checks of all table formats.

export interface Report {
  /** A table is looked at from here on; its name is what the list of broken tables may excuse. */
  table(name: string): void
  /** One comparison of what we found with what the writer recorded. */
  check(what: string, ours: unknown, writers: unknown): void
  /** Something that should have been readable was not. */
  fail(what: string, why: string): void
}

export interface Totals {
  readonly tables: number
  readonly checks: number
  readonly failed: number
}

/** `broken`: tables that are broken on purpose, by name, with the reason. Reported, not counted as failed. */
export function createReport(broken: Readonly<Record<string, string>>): Report & { readonly totals: Totals } {
  const totals = { tables: 0, checks: 0, failed: 0 }
  let current = ''
  const fail = (what: string, why: string): void => {
    const excuse = broken[current]
    if (excuse === undefined) totals.failed += 1
    console.log(`${current}: ${what}: ${why}${excuse === undefined ? '' : ` (expected: ${excuse})`}`)
  }
  return {
    totals,
    table(name) {
      current = name
      totals.tables += 1
    },
    check(what, ours, writers) {
      totals.checks += 1
      const [a, b] = [JSON.stringify(ours), JSON.stringify(writers)]
      if (a !== b) fail(what, `we have ${a}, the writer ${b}`)
    },
    fail,
  }
}

// Counts what was checked and prints a line per difference; shared by the checks of all table formats.

export interface Report {
  /** Starts a table. `broken`: why it is broken on purpose; its differences are printed, not counted as failed. */
  table(name: string, broken?: string): TableReport
}

export interface TableReport {
  /** One comparison of what the writer recorded with what we found. */
  check(what: string, recorded: unknown, found: unknown): void
  /** Something that should have been readable was not. */
  failed(what: string, why: string): void
}

export interface Totals {
  readonly tables: number
  readonly checks: number
  readonly failed: number
}

export function createReport(): Report & { readonly totals: Totals } {
  const totals = { tables: 0, checks: 0, failed: 0 }
  return {
    totals,
    table(name, broken) {
      totals.tables += 1
      const failed = (what: string, why: string): void => {
        if (broken === undefined) totals.failed += 1
        console.log(`${name}: ${what}: ${why}${broken === undefined ? '' : ` (expected: ${broken})`}`)
      }
      return {
        failed,
        check(what, recorded, found) {
          totals.checks += 1
          const [theirs, ours] = [JSON.stringify(recorded), JSON.stringify(found)]
          if (ours !== theirs) failed(what, `recorded ${theirs}, found ${ours}`)
        },
      }
    },
  }
}

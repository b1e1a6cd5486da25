// Lifecycle rules against every file of every table in a bucket, as they are now: read anew, because facts may be old.
import { Trial, type Tried, isHarmless, liesIn } from '../advisors/advisors.ts'
import { readTableFiles } from '../collectors/index.ts'
import type { Io } from '../io/io.ts'
import type { LifecycleRule } from '../model/bucket.ts'
import { explainError } from '../model/errors.ts'
import type { TableFact } from '../model/facts.ts'
import type { FileRole } from '../model/table-files.ts'
import { printable } from '../model/text.ts'
import { readableCount } from '../model/units.ts'

export interface TryRules {
  readonly io: Io
  readonly bucket: string
  readonly rules: readonly LifecycleRule[]
  readonly tables: readonly TableFact[]
  readonly place: { readonly region: string | undefined; readonly endpoint: string | undefined }
  readonly signal: AbortSignal
}

export interface Outcome {
  readonly tried: readonly Tried[]
  /** Tables whose files could not be read, where a rule could harm them: then nothing may be applied. */
  readonly blind: readonly string[]
}

export async function tryRules({ io, bucket, rules, tables, place, signal }: TryRules): Promise<Outcome> {
  const acting = rules.filter(({ expires, transitions }) => expires !== null || transitions.length > 0)
  const tried: Tried[] = []
  const blind: string[] = []
  const reached =
    acting.length === 0 ? [] : tables.filter((one) => one.vanished === null && liesIn(bucket, one))
  for (const table of reached) {
    const trial = new Trial(acting, table)
    try {
      const objects = io.objects(table.location, place)
      for await (const file of readTableFiles(objects, table, { now: io.clock.now(), signal }))
        trial.take(file)
      tried.push(...trial.done())
    } catch (error) {
      if (!acting.every(isHarmless)) blind.push(`${table.table}: ${explainError(error)}`)
    }
  }
  return { tried, blind }
}

const ROLES: readonly FileRole[] = ['live', 'retained', 'metadata', 'expired', 'orphan', 'unknown']

/** One line a rule and table: `rule a on gold/orders: 3 live, 1 orphan`. */
export const printTried = (tried: readonly Tried[]): string =>
  [...Map.groupBy(tried, ({ rule, table }) => JSON.stringify([rule, table])).values()]
    .map((group) => {
      const [{ rule, table }] = group as [Tried, ...Tried[]]
      const counts = ROLES.flatMap((role) => {
        const files = group.find((one) => one.role === role)?.files ?? 0
        return files === 0 ? [] : [`${readableCount(files)} ${role}`]
      })
      return `tried   rule ${printable(rule, 100)} takes in of ${printable(table, 200)}: ${counts.join(', ')} files\n`
    })
    .join('')

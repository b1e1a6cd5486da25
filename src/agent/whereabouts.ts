// Where series went that are not there now: their source cannot be read, what they described is no more, or nobody knows.
import { expectationMetrics } from '../expect/expect.ts'
import type { Labels } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import type { Whereabouts } from '../rules/rules.ts'

/** Series that follow from the configuration: where what they are about can be read, the configuration took them away. */
const CONFIGURED = new Set(Object.values(expectationMetrics).map(({ name }) => name))

/** `sources` are the names in the configuration: what an earlier one named is no more. */
export function whereaboutsOf(
  known: FactReader,
  sources: ReadonlySet<string>,
): (labels: Labels) => Whereabouts {
  return (labels) => {
    const { source, table, pipeline } = labels
    if (source === undefined) return 'unknown'
    if (!sources.has(source)) return 'gone'
    if (known.facts('poll', { id: source })[0]?.up === false) return 'blind'
    const fact =
      table !== undefined
        ? known.facts('table', { source }).find((one) => one.table === table)
        : pipeline !== undefined
          ? known.facts('pipeline', { source }).find((one) => one.pipeline === pipeline)
          : undefined
    if (fact?.vanished) return 'gone'
    const name = table ?? pipeline
    const problems = known.facts('problem', { source })
    if (problems.some(({ subject, resolved }) => subject === name && resolved === null)) return 'blind'
    return CONFIGURED.has(labels['__name__'] ?? '') ? 'gone' : 'unknown'
  }
}

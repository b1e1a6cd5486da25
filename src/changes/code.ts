// Which code a run ran, from the labels that its source gave it.
import type { RunFact } from '../model/run-facts.ts'
import { type Change, turns } from './change.ts'

/** `git_sha`, `code_version`, `dbt_version`, `image`, `bundle_version`, `job.revision`, … */
const CODE = /(^|[._-])(version|revision|commit|sha|image|digest|tag|release|build)$/i
/** Labels of one pipeline that are looked at. */
const MOST = 10

/** Turns of every label that names code, by runs of one pipeline. */
export function codeChanges(runs: readonly RunFact[]): Change[] {
  const names = [...new Set(runs.flatMap(({ labels }) => Object.keys(labels)))].filter((name) =>
    CODE.test(name),
  )
  return names
    .toSorted()
    .slice(0, MOST)
    .flatMap((name) =>
      turns(
        runs.map(({ id, at, pipeline, labels }) => ({
          id: `${name} ${id}`,
          at,
          what: `${name} of ${pipeline}`,
          value: labels[name] ?? null,
        })),
        'code',
      ),
    )
}

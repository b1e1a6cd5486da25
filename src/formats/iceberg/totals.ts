// A snapshot's files in sum, from its manifests, and whether that is what its summary says.
import type { Known } from '../../model/facts.ts'
import { DATA, DELETION_VECTOR, EQUALITY_DELETES, type ManifestStatistics } from './manifest.ts'
import type { Snapshot } from './metadata.ts'
import { countOf } from './snapshots.ts'

export interface Totals {
  readonly dataFiles: number
  readonly dataBytes: number
  readonly dataRows: number
  readonly positionFiles: number
  readonly equalityFiles: number
  readonly vectors: number
  /** Positions in position delete files; some may be there twice or point to files that are gone. */
  readonly positions: number
  /** Rows that deletion vectors mark: exact. */
  readonly vectorRows: number
  readonly equalityRows: number
  readonly deleteBytes: number
}

export function totalsOf(manifests: Iterable<ManifestStatistics>): Totals {
  const files = [0, 0, 0, 0]
  const bytes = [0, 0, 0, 0]
  const rows = [0, 0, 0, 0]
  for (const { kinds, sizes, rows: counts } of manifests) {
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i]!
      files[kind]! += 1
      bytes[kind]! += sizes[i]!
      rows[kind]! += counts[i]!
    }
  }
  return {
    dataFiles: files[DATA]!,
    dataBytes: bytes[DATA]!,
    dataRows: rows[DATA]!,
    positionFiles: files[1]!,
    equalityFiles: files[EQUALITY_DELETES]!,
    vectors: files[DELETION_VECTOR]!,
    positions: rows[1]!,
    vectorRows: rows[DELETION_VECTOR]!,
    equalityRows: rows[EQUALITY_DELETES]!,
    deleteBytes: bytes[1]! + bytes[2]! + bytes[3]!,
  }
}

/** A total that the summary states and the manifests do not add up to. */
export interface Disagreement {
  readonly key: string
  readonly summary: number
  readonly manifests: number
}

/** Every total that the summary states, beside what the manifests hold. */
export function compareTotals(snapshot: Snapshot, totals: Totals): readonly Disagreement[] {
  const found: ReadonlyArray<readonly [string, number]> = [
    ['total-data-files', totals.dataFiles],
    ['total-delete-files', totals.positionFiles + totals.equalityFiles + totals.vectors],
    ['total-records', totals.dataRows],
    ['total-files-size', totals.dataBytes + totals.deleteBytes],
    ['total-position-deletes', totals.positions + totals.vectorRows],
    ['total-equality-deletes', totals.equalityRows],
  ]
  return found.flatMap(([key, manifests]) => {
    const summary: Known<number> = countOf(snapshot, key)
    return summary === null ? [] : [{ key, summary, manifests }]
  })
}

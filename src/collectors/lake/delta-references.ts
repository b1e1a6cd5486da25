// What a Delta table's replayed log says of the files in its folder; VACUUM judges them by the same rules.
import { type PathKey, keyOfPath } from '../../formats/delta/path-key.ts'
import type { Replay } from '../../formats/delta/replay.ts'
import { parseInterval } from '../../formats/delta/table-fact.ts'
import type { FileRole } from '../../model/table-files.ts'
import { DAY, type Timestamp, millis } from '../../model/units.ts'
import { type References, isHidden } from './references.ts'

/** Delta's default for `delta.deletedFileRetentionDuration`, and the least that is judged whatever a table says. */
const LEAST_MARGIN = millis(7 * DAY)
const VECTOR_FILE = /(?:^|\/)deletion_vector_[^/]*\.bin$/

export function deltaReferences(replay: Replay, newestCommit: Timestamp | null, now: Timestamp): References {
  const { live, tombstones, metadata } = replay
  const retention = parseInterval(metadata?.configuration['delta.deletedFileRetentionDuration'])
  const margin = millis(Math.max(retention ?? 0, LEAST_MARGIN))
  const key: PathKey = { high: 0, low: 0 }
  const hasVectors = live.vectors.some((vector) => vector !== 0)
  const known = (path: string): FileRole | null => {
    keyOfPath(path, '', key)
    if (live.hasPath(key.high, key.low)) return 'live'
    const removed = tombstones.removedAt(key)
    return removed === null ? null : removed < now - margin ? 'expired' : 'retained'
  }
  return {
    roleOf(path) {
      if (path.startsWith('_delta_log/') || path.startsWith('metadata/')) return 'metadata'
      // The log names vectors by their ids, not by their files: none is ever called nobody's.
      if (VECTOR_FILE.test(path)) return hasVectors ? 'retained' : 'unknown'
      // A log percent-encodes paths, and not every writer does: what is known under either spelling is known.
      const role = known(path.replaceAll('%', '%25')) ?? (path.includes('%') ? known(path) : null)
      return role ?? (isHidden(path) ? 'unknown' : 'orphan')
    },
    live: live.count,
    elsewhere: [],
    newestCommit,
    margin,
    unsure: tombstones.isFull ? 'the log has more removed files than are remembered' : null,
    how: 'files in its folder that the log neither has live nor removed; deletion vectors and hidden folders are not judged',
  }
}

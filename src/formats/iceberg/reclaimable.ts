// How many bytes expiring snapshots would free, from the summaries alone.
import type { Exactness, TableFact } from '../../model/facts.ts'
import { bytes } from '../../model/units.ts'
import type { IcebergMetadata, Snapshot } from './metadata.ts'
import { countOf } from './snapshots.ts'

/**
 * A file that a snapshot removed is kept for the snapshots before it. Expiring all of them but the current one frees what
 * the snapshots after the oldest kept one removed: exact on a single line of commits, too much where a branch or tag
 * still holds some of it. Files that no snapshot ever named (failed writes) are not in it.
 */
export function reclaimableBytes(
  metadata: IcebergMetadata,
  line: readonly Snapshot[],
): TableFact['reclaimable'] {
  if (metadata.current === null) return null
  const after = line.slice(1)
  let sum = 0
  let unknown = 0
  for (const snapshot of after) {
    const removed = countOf(snapshot, 'removed-files-size')
    if (removed === null) unknown += 1
    else sum += removed
  }
  if (after.length > 0 && unknown === after.length) return null
  const aside = metadata.snapshots.length - line.length
  const held = metadata.refs.length > 0 || aside > 0
  const exactness: Exactness =
    unknown > 0 ? (held ? 'estimate' : 'lower bound') : held ? 'upper bound' : 'estimate'
  const how = [
    `removed-files-size of the ${after.length} snapshots after the oldest kept one: freed when all but the current snapshot expire`,
    unknown > 0 ? `${unknown} of them do not state it` : '',
    held
      ? `${metadata.refs.length} branches or tags and ${aside} snapshots aside of main may still hold part of it`
      : '',
    metadata.properties.get('gc.enabled') === 'false'
      ? 'gc.enabled is false: nothing of this table may be deleted'
      : '',
    'files that no snapshot names are not counted; listing the data folder would make it exact',
  ]
  return { bytes: bytes(sum), exactness, how: how.filter((part) => part !== '').join('; ') }
}

// Manifest lists: which manifests make up a snapshot, and what they hold in sum. Iceberg spec, "Manifest Lists".
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/facts.ts'
import { openAvro } from '../avro.ts'

export interface ManifestRef {
  readonly path: string
  /** Null for the manifests that a v1 snapshot names itself: they say it themselves. */
  readonly specId: number | null
  readonly content: 'data' | 'deletes'
  /** Which snapshot wrote it; decimal as snapshot ids are. */
  readonly addedBy: Known<string>
  /** Live files that the list says it holds; null where a v1 writer left the counts out. */
  readonly liveFiles: Known<number>
}

/** Entries of one list; a table with more manifests needs rewrite_manifests before anything else. */
export const MAX_MANIFESTS = 200_000

const WANTED = [
  'manifest_path',
  'partition_spec_id',
  'content',
  'added_snapshot_id',
  // Renamed between v1 and v2.
  'added_files_count',
  'added_data_files_count',
  'existing_files_count',
  'existing_data_files_count',
]

export function readManifestList(bytes: Uint8Array, subject: string): readonly ManifestRef[] {
  const manifests: ManifestRef[] = []
  openAvro(bytes, subject).rows(
    WANTED,
    ([path, spec, content, addedBy, added, added1, existing, existing1]) => {
      if (typeof path !== 'string') {
        throw new SourceError('corrupt', `${subject}: entry ${manifests.length} has no manifest_path`, {
          subject,
        })
      }
      if (manifests.length >= MAX_MANIFESTS) {
        throw new SourceError('too-large', `${subject} lists more than ${MAX_MANIFESTS} manifests`, {
          subject,
        })
      }
      const [new_, kept] = [countOf(added ?? added1), countOf(existing ?? existing1)]
      manifests.push({
        path,
        specId: countOf(spec) ?? 0,
        content: content === 1 ? 'deletes' : 'data',
        addedBy: typeof addedBy === 'number' || typeof addedBy === 'bigint' ? String(addedBy) : null,
        liveFiles: new_ === null || kept === null ? null : new_ + kept,
      })
    },
  )
  return manifests
}

/** A count that is one; -1 and the like are how some writers say unknown. */
const countOf = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null)

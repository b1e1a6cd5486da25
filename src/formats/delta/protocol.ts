// What of a table we may not know because of its protocol (Delta protocol, "Table Features").
import type { Metadata, Protocol } from './actions.ts'

/** Reader features that change nothing in how live files, sizes and rows are found in the log. */
const UNDERSTOOD = new Set([
  'columnMapping',
  'deletionVectors',
  'timestampNtz',
  'typeWidening',
  'typeWidening-preview',
  'v2Checkpoint',
  'vacuumProtocolCheck',
  'variantType',
  'variantType-preview',
  'variantShredding',
  'variantShredding-preview',
])
const CATALOG_MANAGED = new Set(['catalogManaged', 'catalogOwned', 'catalogOwned-preview'])
/** Reader version 3 names its features; 1 and 2 have fixed meanings. */
const NEWEST_READER = 3

/** One sentence for each reason why numbers may be incomplete; writer features do not concern a reader. */
export function protocolGaps(protocol: Protocol | null): string[] {
  if (protocol === null) return ['the log has no protocol action: the table features are unknown']
  const gaps: string[] = []
  if (protocol.reader > NEWEST_READER) {
    gaps.push(
      `reader version ${protocol.reader} is newer than ${NEWEST_READER}: counts may miss what it introduced`,
    )
  }
  for (const feature of protocol.readerFeatures) {
    if (CATALOG_MANAGED.has(feature)) {
      gaps.push('catalog-managed: commits that the catalog has ratified but not yet published are not seen')
    } else if (!UNDERSTOOD.has(feature)) {
      gaps.push(`reader feature ${feature.slice(0, 100)} is unknown: counts may miss what it introduced`)
    }
  }
  return gaps
}

/** Commit times come from the log itself, not from file times, for versions from this one on; null when they do not. */
export function inCommitTimestampsSince(metadata: Metadata | null): number | null {
  const configuration = metadata?.configuration ?? {}
  if (configuration['delta.enableInCommitTimestamps'] !== 'true') return null
  const since = Number(configuration['delta.inCommitTimestampEnablementVersion'] ?? 0)
  return Number.isSafeInteger(since) ? since : 0
}

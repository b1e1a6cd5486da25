// What a Parquet checkpoint (protocol, "Checkpoints") says beside its files: metadata, protocol, domains, sidecars.
import { SourceError } from '../../model/errors.ts'
import { type ParquetFile, type ParquetValue, eachValue, readLeaves } from '../parquet.ts'
import type { Domain, Metadata, Protocol, Sidecar } from './actions.ts'
import { type Pause, type Visit, entriesOf, textOf } from './checkpoint-values.ts'

/** Everything but files: they are few, and the file columns can only be understood once they are known. */
export async function readCheckpointHead(
  file: ParquetFile,
  pause: Pause,
): Promise<readonly (Metadata | Protocol | Domain | Sidecar)[]> {
  const rows = new Map<number, Map<string, ParquetValue | (string | null)[]>>()
  const put = (row: number, path: string, value: ParquetValue | (string | null)[]): void => {
    const fields = rows.get(row) ?? new Map<string, ParquetValue>()
    rows.set(row, fields.set(path, value))
    if (rows.size > MAX_HEAD_ROWS) {
      throw new SourceError(
        'too-large',
        `${file.source.name} has more than ${MAX_HEAD_ROWS} actions that are not files, the limit`,
        { subject: file.source.name },
      )
    }
  }
  let start = 0
  for (const [group, { rows: count }] of file.groups.entries()) {
    const base = start
    const visits = new Map<string, Visit>()
    for (const [path, leaf] of file.leaves) {
      if (!/^(?:metaData|protocol|domainMetadata|sidecar)\./.test(path)) continue
      visits.set(
        path,
        leaf.maxRep === 0
          ? (page, first) => eachValue(page, base + first, leaf, (row, value) => put(row, path, value))
          : entriesOf((row, values) => put(base + row, path, values)),
      )
    }
    await readLeaves(file, group, visits, pause)
    start += count
  }
  return [...rows.values()].flatMap(headAction)
}

const MAX_HEAD_ROWS = 100_000

function headAction(
  fields: ReadonlyMap<string, ParquetValue | (string | null)[]>,
): (Metadata | Protocol | Domain | Sidecar)[] {
  const text = (path: string): string | null => {
    const value = fields.get(path)
    return value instanceof Uint8Array ? textOf(value) : null
  }
  const number = (path: string): number | null => {
    const value = fields.get(path)
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null
  }
  // Writers name the inner fields of lists and maps in their own ways; their beginnings and order are the same.
  const list = (prefix: string, which = 0): (string | null)[] => {
    const found = [...fields].filter(([path]) => path.startsWith(`${prefix}.`))[which]?.[1]
    return Array.isArray(found) ? found : []
  }
  const names = (prefix: string): string[] => list(prefix).filter((name) => name !== null)
  const schemaString = text('metaData.schemaString')
  const tableId = text('metaData.id')
  if (schemaString !== null || tableId !== null) {
    const values = list('metaData.configuration', 1)
    const configuration = Object.fromEntries(
      list('metaData.configuration').map((key, i) => [key, values[i] ?? '']),
    )
    return [
      {
        kind: 'metadata',
        tableId,
        schemaString: schemaString ?? '',
        partitionColumns: names('metaData.partitionColumns'),
        configuration,
        created: number('metaData.createdTime'),
      },
    ]
  }
  const reader = number('protocol.minReaderVersion')
  if (reader !== null) {
    const writer = number('protocol.minWriterVersion') ?? 0
    const [readerFeatures, writerFeatures] = [
      names('protocol.readerFeatures'),
      names('protocol.writerFeatures'),
    ]
    return [{ kind: 'protocol', reader, writer, readerFeatures, writerFeatures }]
  }
  const domain = text('domainMetadata.domain')
  if (domain !== null) {
    const removed = fields.get('domainMetadata.removed') === true
    return [{ kind: 'domain', domain, configuration: text('domainMetadata.configuration') ?? '', removed }]
  }
  const path = text('sidecar.path')
  return path === null ? [] : [{ kind: 'sidecar', path, size: number('sidecar.sizeInBytes') }]
}

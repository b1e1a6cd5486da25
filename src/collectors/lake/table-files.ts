// The files of one table as they are at this moment, each with what it is to the table: its log is read anew.
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError } from '../../model/errors.ts'
import type { TableFact } from '../../model/facts.ts'
import type { TableFile } from '../../model/table-files.ts'
import { openDeltaTable } from './delta-table.ts'
import { openIcebergTable } from './iceberg-table.ts'
import { filesOf } from './references.ts'
import type { TableAsk } from './table.ts'

/**
 * `objects` is rooted at the table's folder; keys are from the root of its bucket. Live files in another place of the same
 * bucket come too. Throws SourceError, 'unsupported' where a live file's place is not known: then nothing may be concluded.
 */
export async function* readTableFiles(
  objects: ObjectStore,
  table: TableFact,
  ask: TableAsk,
): AsyncGenerator<TableFile> {
  const subject = table.location
  if (table.format !== 'delta' && table.format !== 'iceberg')
    throw new SourceError('unsupported', `${subject} is a ${table.format} table: its files are not read`, {
      subject,
    })
  const open = table.format === 'delta' ? openDeltaTable(objects, table) : openIcebergTable(objects, table)
  await open.refresh(ask)
  const references = await open.references(ask)
  if (references === null) throw new SourceError('internal', `${subject} was not read`, { subject })
  if (references.unsure !== null)
    throw new SourceError('too-large', `the files of ${subject} are not known: ${references.unsure}`, {
      subject,
    })
  const bucket = bucketOf(table.location)
  const folder = decodeURIComponent(new URL(`${table.location}/`).pathname.slice(1))
  let live = 0
  for await (const { key, size, role } of filesOf(objects, references, ask.signal)) {
    if (role === 'live') live += 1
    yield { key: `${folder}${key}`, size, role }
  }
  for (const address of references.elsewhere)
    if (bucketOf(address) === bucket)
      yield { key: address.replace(/^s3[an]?:\/\/[^/]+\//, ''), size: null, role: 'live' }
  const missing = references.live - references.elsewhere.length - live
  if (missing > 0)
    throw new SourceError(
      'unsupported',
      `${missing} of ${references.live} live files of ${subject} were not found in its folder: where they lie is not known`,
      { subject },
    )
}

const bucketOf = (address: string): string | undefined => /^s3[an]?:\/\/([^/]+)/.exec(address)?.[1]

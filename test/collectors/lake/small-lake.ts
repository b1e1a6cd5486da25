// A real Delta log on disk, written by hand, for tests that need a lake and not a format.
import fs from 'node:fs'
import path from 'node:path'
import type { Timestamp } from '../../../src/model/units.ts'

const schema = JSON.stringify({
  type: 'struct',
  fields: [{ name: 'id', type: 'long', nullable: false, metadata: {} }],
})

/** Writes version `version` of a table: one file with `rows` rows added by it. */
export function commit(folder: string, version: number, at: Timestamp, rows: number): void {
  const log = path.join(folder, '_delta_log')
  fs.mkdirSync(log, { recursive: true })
  const head =
    version > 0
      ? []
      : [
          { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
          {
            metaData: {
              id: 't',
              format: { provider: 'parquet', options: {} },
              schemaString: schema,
              partitionColumns: [],
              configuration: {},
              createdTime: at,
            },
          },
        ]
  const actions = [
    { commitInfo: { timestamp: at, operation: 'WRITE', operationMetrics: { numOutputRows: String(rows) } } },
    ...head,
    {
      add: {
        path: `part-${version}.parquet`,
        partitionValues: {},
        size: 1_000 + version,
        modificationTime: at,
        dataChange: true,
        stats: JSON.stringify({ numRecords: rows }),
      },
    },
  ]
  const file = path.join(log, `${String(version).padStart(20, '0')}.json`)
  fs.writeFileSync(file, `${actions.map((action) => JSON.stringify(action)).join('\n')}\n`)
  fs.utimesSync(file, at / 1000, at / 1000)
}

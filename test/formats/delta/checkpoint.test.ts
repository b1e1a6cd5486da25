// Checkpoints with damaged bytes: whatever is in them, the error is ours and names the file.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCheckpointFiles } from '../../../src/formats/delta/checkpoint-files.ts'
import { readCheckpointHead } from '../../../src/formats/delta/checkpoint-head.ts'
import { Replay } from '../../../src/formats/delta/replay.ts'
import { openParquet } from '../../../src/formats/parquet.ts'
import { bytesOf } from '../../../src/model/bytes.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { type Row, checkpoint, schema } from './write-log.ts'

const ROWS: readonly Row[] = [
  {
    metaData: {
      id: 'x',
      schemaString: schema({ name: 'ts', type: 'timestamp' }, { name: 'day', type: 'string' }),
      partitionColumns: ['day'],
      configuration: {},
    },
  },
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  ...Array.from({ length: 30 }, (_, i): Row => ({
    add: {
      path: `day=${i}/f`,
      partitionValues: { day: String(i) },
      size: 100n,
      modificationTime: 5n,
      stats: '{"numRecords":7}',
      deletionVector: { storageType: 'u', pathOrInlineDv: 'abc', offset: i, cardinality: 1n } as never,
    },
  })),
  { remove: { path: 'gone', deletionTimestamp: 1n, size: 4n } },
]
const WHOLE = checkpoint(ROWS, 10)

async function read(bytes: Uint8Array): Promise<number> {
  const file = await openParquet(bytesOf('t.parquet', bytes))
  const replay = new Replay({ root: '', eventTimeColumn: undefined })
  for (const action of await readCheckpointHead(file, async () => {})) replay.apply(action, 't.parquet')
  await readCheckpointFiles(file, replay, async () => {})
  return replay.live.count
}

const outcome = async (bytes: Uint8Array): Promise<string> => {
  try {
    return (await read(bytes)) >= 0 ? 'read' : ''
  } catch (error) {
    return error instanceof SourceError && error.message.includes('t.parquet')
      ? 'SourceError'
      : `not ours: ${String(error)}`
  }
}

test('whole', async () => {
  expect(await read(WHOLE)).toBe(30)
})

test('cut anywhere', async () => {
  for (let length = 0; length < WHOLE.length; length += 13) {
    expect(await outcome(WHOLE.subarray(0, length))).toBe('SourceError')
  }
})

test('any bytes changed', async () => {
  const change = fc.tuple(fc.nat(WHOLE.length - 1), fc.nat(255))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = WHOLE.slice()
      for (const [at, value] of changes) bytes[at] = value
      expect(await outcome(bytes)).toMatch(/^(read|SourceError)$/)
    }),
    { numRuns: 500 },
  )
})

test('any bytes at all', async () => {
  const tail = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(300)).map(([bytes, length]) => {
    const end = Buffer.from('0000PAR1')
    end.writeUInt32LE(length, 0)
    return Uint8Array.from([...bytes, ...end])
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), tail), async (bytes) => {
      expect(await outcome(bytes)).toBe('SourceError')
    }),
    { numRuns: 300 },
  )
})

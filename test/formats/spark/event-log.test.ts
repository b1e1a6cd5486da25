// Event logs as they are met: compressed in every way Spark knows, cut short anywhere, damaged, or no logs at all.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applicationFact } from '../../../src/formats/spark/application-fact.ts'
import { type EventLog, readEventLog } from '../../../src/formats/spark/event-log.ts'
import { type LineCounts, wantedLines } from '../../../src/formats/spark/lines.ts'
import { measure, stageFindings } from '../../../src/formats/spark/measures.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { AN_APPLICATION, CODECS, START, logLines, logText } from './a-log.ts'

const origin = { subject: 's3://logs/app-1' }

async function* inPieces(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const read = (bytes: Uint8Array, size?: number): Promise<EventLog> =>
  readEventLog([{ pieces: inPieces(bytes, size), origin }], origin)

test('an application, with what it used of what it held', async () => {
  const { application, damage } = await read(Buffer.from(logText(AN_APPLICATION)))

  expect(damage).toBeNull()
  expect(application).toMatchObject({
    appId: 'app-1',
    name: 'nightly orders',
    version: '3.5.1',
    startedAt: START,
    endedAt: START + 60_000,
    streaming: false,
    partial: [],
    peakExecutorMemory: 3 * 1_073_741_824 + 134_217_728,
    totals: { tasks: 44, failed: 0, runMs: 180_000, diskSpilled: 44_000, input: 4_400_000 },
  })
  expect(application.properties).toEqual(AN_APPLICATION.properties)
  expect(measure(application)).toEqual({
    wallMs: 60_000,
    cores: 16,
    peakCores: 16,
    peakExecutors: 4,
    coreMs: 16 * 58_000,
    slotUtilisation: 180_000 / (16 * 58_000),
    cpuEfficiency: 0.7,
    gcShare: 0.02,
    spillShare: 1_000 / 120_000,
  })
  expect(stageFindings(application, 1)).toEqual([
    { id: 3, name: 'stage 3', tasks: 12, medianMs: 1_000, longestMs: 25_000, skew: 25, diskSpilled: 12_000 },
  ])
})

test('what was never measured is unknown, not zero', async () => {
  const task = { launch: 0, length: 10 }
  const jobs = [{ at: 0, until: 10, stages: [{ id: 0, tasks: [task] }] }]
  const { application } = await read(Buffer.from(logText({ jobs })))

  expect(measure(application)).toMatchObject({ slotUtilisation: null, cpuEfficiency: null, gcShare: null })
  expect(application.peakExecutorMemory).toBeNull()
  expect(application.totals.diskSpilled).toBeNull()
})

test('times of executors beyond the end of the application are cut there', async () => {
  const executors = [
    { cores: 4, at: -5_000, until: 90_000 },
    { cores: 8, at: 70_000 },
    { cores: 2, at: 10_000, until: 20_000 },
  ]
  const { application } = await read(Buffer.from(logText({ executors })))

  expect(measure(application)).toMatchObject({ cores: 14, peakCores: 8, coreMs: 4 * 60_000 + 2 * 10_000 })
})

test('an executor that was removed after the last task lived until then, where no end is told', async () => {
  const executors = [{ cores: 4, until: 30_000 }, { cores: 4 }]
  const jobs = [{ at: 0, until: 20_000, stages: [] }]
  const { application } = await read(Buffer.from(logText({ executors, jobs, end: null })))

  expect(measure(application)).toMatchObject({ wallMs: 20_000, coreMs: 4 * 30_000 + 4 * 20_000 })
})

test('several parts are one log', async () => {
  const [head, tail] = [logText(AN_APPLICATION).slice(0, 6_000), logText(AN_APPLICATION).slice(6_000)]
  const cut = head.lastIndexOf('\n') + 1
  const texts = [head.slice(0, cut), head.slice(cut) + tail]
  const parts = texts.map((text, i) => ({
    pieces: inPieces(CODECS[i === 0 ? 'zstd' : 'plain']!(text)),
    origin,
  }))
  const one = await read(Buffer.from(logText(AN_APPLICATION)))

  expect((await readEventLog(parts, origin)).application).toEqual(one.application)
})

describe.each(Object.entries(CODECS))('%s', (name, encode) => {
  test('reads as plain text does, in pieces of any size', async () => {
    const plain = await read(Buffer.from(logText(AN_APPLICATION)))
    const encoded = encode(logText(AN_APPLICATION))
    for (const size of [1, 7, 1_000, 1_000_000]) {
      const { application, damage } = await read(encoded, size)
      expect({ application, damage }).toEqual({ application: plain.application, damage: null })
    }
  })

  test('cut short at any byte: a typed error, or what was there, said to be partial', async () => {
    const encoded = encode(logText({ ...AN_APPLICATION, end: 60_000 }))
    let partials = 0
    for (let length = 0; length < encoded.length; length += 1 + Math.floor(encoded.length / 300)) {
      try {
        const { application, textBytes } = await read(encoded.subarray(0, length))
        const ended = application.endedAt !== null
        expect(ended || application.partial.length > 0, `${length} of ${encoded.length}`).toBe(true)
        expect(textBytes).toBeLessThanOrEqual(logText(AN_APPLICATION).length)
        partials += ended ? 0 : 1
      } catch (error) {
        expect(error).toBeInstanceOf(SourceError)
      }
    }
    // So small a zstd frame is one block: all of it or nothing.
    expect(partials > 0).toBe(name !== 'zstd')
  })

  test('any byte damaged: only typed errors, and nothing never ends', async () => {
    const encoded = encode(logText(AN_APPLICATION))
    await fc.assert(
      fc.asyncProperty(fc.nat(encoded.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(encoded)
        damaged[at]! ^= flip
        const outcome = await read(damaged).catch((error: unknown) => error)
        expect(!(outcome instanceof Error) || outcome instanceof SourceError).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

test('any bytes: only typed errors', async () => {
  const magics = ['', '28b52ffd', '1f8b08', Buffer.from('LZ4Block').toString('hex'), '82534e4150505900']
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 400 }), async (magic, bytes) => {
      const outcome = await read(Buffer.concat([Buffer.from(magic, 'hex'), bytes])).catch(
        (error: unknown) => error,
      )
      expect(outcome).toBeInstanceOf(SourceError)
    }),
  )
})

test('any JSON in the place of any field: only typed errors, and facts of finite numbers', async () => {
  const lines = logLines({ ...AN_APPLICATION, executors: [{ cores: 4 }, { cores: 4, until: 50_000 }] })
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 0, 9_007_199_254_740_991, 1e300, '9007199254740991', '1e99', [], {}, null),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(lines.length - 1), fc.nat(60), hostile, async (at, field, value) => {
      const changed = lines.map((line, i) => (i === at ? replaced(line, field, value) : line))
      const outcome = await read(Buffer.from(changed.join('\n'))).catch((error: unknown) => error)
      expect(!(outcome instanceof Error) || outcome instanceof SourceError).toBe(true)
      if (outcome instanceof Error) return
      const fact = applicationFact((outcome as EventLog).application, {
        source: 'logs',
        platform: null,
        instanceType: null,
        deadlineOf: () => null,
      })
      // What is not finite JSON spells null.
      expect(JSON.parse(JSON.stringify(fact))).toEqual(fact)
      expect(fact.wall).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 200 },
  )
})

/** The line with its n-th value, at any depth, replaced. */
function replaced(line: string, field: number, value: unknown): string {
  let left = field
  return JSON.stringify(JSON.parse(line), (key, old: unknown) => {
    if (key === '' || key === 'Event') return old
    left -= 1
    return left === -1 ? value : old
  })
}

test('a text that is no log is refused at its start, whatever its length', async () => {
  let pieces = 0
  const endless = (async function* () {
    for (; pieces < 1_000; pieces++) yield Buffer.from('<html>no log</html>\n'.repeat(100))
  })()
  await expect(readEventLog([{ pieces: endless, origin }], origin)).rejects.toThrow(
    's3://logs/app-1 is no Spark event log: it starts "<html>no log</html>.<html>no log</html>."',
  )
  expect(pieces).toBeLessThan(10)
})

test('an error of the source stays the error of the source', async () => {
  const denied = new SourceError('denied', 'not allowed', origin)
  const failing = (magic: Buffer) =>
    (async function* () {
      yield magic
      throw denied
    })()
  for (const encode of Object.values(CODECS)) {
    const pieces = failing(encode(logText(AN_APPLICATION)).subarray(0, 900))
    await expect(readEventLog([{ pieces, origin }], origin)).rejects.toBe(denied)
  }
})

test('lines are those of the text, whatever the pieces; unwanted ones are never held', async () => {
  const line = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ minLength: 120, maxLength: 600 }))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 300 }), async (lines, size) => {
      const clean = lines.map((one) => one.replaceAll('\n', ' '))
      const text = Buffer.from(clean.join('\n'))
      const counts: LineCounts = { bytes: 0, lines: 0, tooLong: 0 }
      const found: string[] = []
      const wanted = (head: Buffer): boolean => (head[0] ?? 0) % 2 === 0
      for await (const one of wantedLines(inPieces(text, size), wanted, counts)) found.push(one.toString())

      expect(found).toEqual(clean.filter((one) => one !== '' && wanted(Buffer.from(one))))
      expect(counts.bytes).toBe(text.length)
    }),
  )
})

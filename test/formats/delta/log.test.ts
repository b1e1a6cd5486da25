// Names, listings and lines of a log.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_LINE_BYTES, linesOf } from '../../../src/formats/delta/lines.ts'
import { keptVersions, planTail, readListing } from '../../../src/formats/delta/log-listing.ts'
import { checksumName, commitName, parseLogName } from '../../../src/formats/delta/log-names.ts'
import { reasonOf } from '../../../src/model/errors.ts'

const V = (version: number): string => String(version).padStart(20, '0')

describe('names', () => {
  test.each([
    [`${V(3)}.json`, { kind: 'commit', version: 3 }],
    [`${V(3)}.crc`, { kind: 'checksum', version: 3 }],
    [`${V(3)}.${V(7)}.compacted.json`, { kind: 'compacted', version: 3, to: 7 }],
    [`${V(3)}.checkpoint.parquet`, { kind: 'checkpoint', version: 3, form: 'classic' }],
    [`${V(3)}.checkpoint.0000000002.0000000005.parquet`, { kind: 'part', version: 3, part: 2, parts: 5 }],
    [
      `${V(3)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`,
      { kind: 'checkpoint', version: 3, form: 'json' },
    ],
    [
      `${V(3)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet`,
      { kind: 'checkpoint', version: 3, form: 'uuid' },
    ],
    [`.${V(3)}.json.crc`, undefined],
    [`${V(3)}.json.tmp`, undefined],
    [`${V(3)}.80a083e8-7026-4e79-81be-64bd76c43a11.json`, undefined],
    ['3.json', undefined],
    ['99999999999999999999.json', undefined],
    ['_last_checkpoint', undefined],
    ['', undefined],
  ])('%s', (name, expected) => {
    expect(parseLogName(name)).toEqual(expected)
  })

  test('what we write we read', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (version) => {
        expect(parseLogName(commitName(version))).toEqual({ kind: 'commit', version })
        expect(parseLogName(checksumName(version))).toEqual({ kind: 'checksum', version })
      }),
    )
  })
})

const listing = (...names: string[]) => readListing(names.map((name) => ({ name, size: 1, modified: 0 })))

describe('listings', () => {
  test.each([
    ['a whole log', [`${V(0)}.json`, `${V(1)}.json`], -1, ['0', '1'], null],
    ['behind a checkpoint', [`${V(1)}.checkpoint.parquet`, `${V(2)}.json`], 1, ['2'], null],
    ['a gap', [`${V(0)}.json`, `${V(2)}.json`], -1, ['0'], 1],
    ['nothing of the tail', [`${V(5)}.json`], -1, [], 0],
    [
      'the longest compacted file',
      [`${V(0)}.json`, `${V(1)}.${V(2)}.compacted.json`, `${V(1)}.${V(3)}.compacted.json`, `${V(4)}.json`],
      -1,
      ['0', '3c', '4'],
      null,
    ],
    ['a compacted file that ends beyond the commits', [`${V(0)}.${V(3)}.compacted.json`], -1, ['3c'], null],
  ])('%s', (_, names, after, steps, gap) => {
    const plan = planTail(listing(...names), after)

    expect(plan.steps.map((step) => `${step.version}${step.kind === 'compacted' ? 'c' : ''}`)).toEqual(steps)
    expect(plan.gap).toBe(gap)
  })

  test.each([
    ['from the beginning', [`${V(0)}.json`, `${V(1)}.json`], { count: 2, oldest: 0 }],
    ['from a checkpoint', [`${V(4)}.checkpoint.parquet`, `${V(5)}.json`], { count: 2, oldest: 4 }],
    [
      'commits before the oldest checkpoint are of no use',
      [`${V(3)}.json`, `${V(4)}.checkpoint.parquet`, `${V(4)}.json`],
      { count: 1, oldest: 4 },
    ],
    [
      'from the older of two checkpoints',
      [`${V(3)}.checkpoint.parquet`, `${V(4)}.json`, `${V(5)}.checkpoint.parquet`, `${V(5)}.json`],
      { count: 3, oldest: 3 },
    ],
    [
      'an older checkpoint behind a gap',
      [`${V(1)}.checkpoint.parquet`, `${V(4)}.checkpoint.parquet`, `${V(5)}.json`],
      { count: 2, oldest: 4 },
    ],
    ['nothing', [`${V(5)}.json`], null],
  ])('versions kept: %s', (_, names, expected) => {
    const kept = keptVersions(listing(...names))

    expect(kept && { count: kept.count, oldest: kept.oldest }).toEqual(expected)
  })

  test('a multi-part checkpoint counts when all its parts are there', () => {
    const part = (n: number): string => `${V(7)}.checkpoint.000000000${n}.0000000002.parquet`

    expect(listing(part(1)).checkpoints).toEqual([])
    expect(listing(part(1), part(2)).checkpoints).toMatchObject([
      { version: 7, files: [{ name: part(1) }, { name: part(2) }] },
    ])
  })
})

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

describe('lines', () => {
  test('are those of a split, however the bytes come in pieces', async () => {
    const content = fc
      .array(fc.constantFrom('a', 'bc', '\n', ' ', '\r', 'é', '{}'))
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(content, fc.array(fc.integer({ min: 1, max: 5 })), async (text, sizes) => {
        const bytes = Buffer.from(text)
        const cut: Uint8Array[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i] ?? 3
          cut.push(bytes.subarray(at, at + size))
          at += size
        }
        const lines: string[] = []
        for await (const found of linesOf(pieces(...cut), { subject: 'x' })) lines.push(...found.map(String))

        expect(lines).toEqual(text.split('\n').filter((line) => line.trim() !== ''))
      }),
    )
  })

  test('a line without an end is refused at the limit', async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(4 * 1_048_576).fill(65)
    }
    let read: unknown
    try {
      for await (const lines of linesOf(endless(), { subject: 'x.json' })) expect(lines).toEqual([])
    } catch (error) {
      read = error
    }

    expect(reasonOf(read)).toBe('too-large')
    expect((read as Error).message).toContain(String(MAX_LINE_BYTES))
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvRecords } from '../../../src/formats/bill/csv.ts'
import { SourceError } from '../../../src/model/errors.ts'

async function* cut(text: string, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? bytes.length
    yield bytes.subarray(at, at + length)
    at += length
  }
}
const read = (text: string, lengths: readonly number[] = [1]) =>
  Array.fromAsync(csvRecords(cut(text, lengths), 'a.csv'))

test.for<[string, string[][]]>([
  [
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a,b\r\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['"a ""b"", c\nd",\n', [['a "b", c\nd', '']]],
  [',,\n', [['', '', '']]],
  ['a,', [['a', '']]],
  ['\n\na\n\n', [['a']]],
  ['"a"b,c\n', [['ab', 'c']]],
])('%j', async ([text, records]) => {
  expect(await read(text)).toEqual(records)
})

test('a quote that is never closed is damage', async () => {
  await expect(read('a\n"b,c\n')).rejects.toThrow(SourceError)
})

test('whatever is written comes back, cut anywhere', async () => {
  const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', '𝄞', ' ') })
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const record = fc.array(field, { minLength: 2, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n'),
      async (records, lengths, end) => {
        const text = records.map((fields) => `${fields.map(quoted).join(',')}${end}`).join('')
        expect(await read(text, lengths)).toEqual(records)
      },
    ),
  )
})

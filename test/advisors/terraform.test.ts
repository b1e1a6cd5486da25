// Lifecycle documents as Terraform: golden text, and no name that gets out of its quotes.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { terraformOf } from '../../src/advisors/lifecycle/terraform.ts'
import type { LifecycleDocument } from '../../src/model/lifecycle-rules.ts'

const ALL: LifecycleDocument = {
  TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
  Rules: [
    {
      ID: 'tidemark-tier',
      Status: 'Enabled',
      Filter: { And: { Prefix: 'gold/', ObjectSizeGreaterThan: 131_072, ObjectSizeLessThan: 9e9 } },
      Transitions: [
        { Days: 30, StorageClass: 'STANDARD_IA' },
        { Days: 90, StorageClass: 'GLACIER_IR' },
      ],
      NoncurrentVersionTransitions: [{ NoncurrentDays: 30, StorageClass: 'GLACIER_IR' }],
    },
    {
      ID: 'tidemark-leftovers',
      Status: 'Enabled',
      Filter: {},
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
    {
      ID: 'old words',
      Status: 'Disabled',
      Prefix: 'tmp/',
      Expiration: { Date: '2026-01-01T00:00:00.000Z' },
      Transition: { Days: 1, StorageClass: 'INTELLIGENT_TIERING' },
    },
    {
      ID: 'a "quoted" ${var.x} %{if true} $${y}\nnext \\ line',
      Status: 'Enabled',
      Filter: {
        And: {
          Prefix: '}\n{',
          Tags: [
            { Key: 'k"', Value: '${file("/etc/passwd")}' },
            { Key: 'längerer', Value: '\u202E' },
          ],
        },
      },
      Expiration: { Days: 1 },
    },
    {
      ID: 'one tag',
      Status: 'Enabled',
      Filter: { Tag: { Key: 'dropped', Value: 'yes' } },
      Expiration: { Days: 7 },
    },
  ],
}

test('every word of a document', async () => {
  await expect(terraformOf('1st.lake', ALL)).toMatchFileSnapshot('golden/lifecycle.tf')
})

test('what has no words here is not said by halves', () => {
  const rule = { ID: 'r', Status: 'Enabled', Filter: {} }
  expect(terraformOf('b', { Rules: [] })).toBeNull()
  expect(terraformOf('b', { Rules: [{ ...rule, Replication: {} }] })).toBeNull()
  expect(terraformOf('b', { Rules: [{ ...rule, Filter: { Suffix: '.parquet' } }] })).toBeNull()
  expect(terraformOf('b', { Rules: [{ ...rule, Expiration: { Date: 'soon' } }] })).toBeNull()
  expect(terraformOf('b', { Rules: [{ ...rule, Filter: { And: { Tags: [{ Key: 'k' }] } } }] })).toBeNull()
})

/** HCL's quoted template read back; throws where it would interpolate. */
function unquote(text: string): string {
  const plain: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
  const read = text.replaceAll(
    /\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\(.)|\$\$\{|%%\{|(\$\{|%\{|")/gu,
    (all, short?: string, long?: string, letter?: string, open?: string) => {
      if (open !== undefined) throw new Error(`${JSON.stringify(all)} is not escaped`)
      if (letter !== undefined) return plain[letter] ?? letter
      const hex = short ?? long
      return hex === undefined ? all.slice(1) : String.fromCodePoint(Number.parseInt(hex, 16))
    },
  )
  return read
}

test('any text comes back as it was', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('$', '%', '{', '}', '"', '\\', '\n', 'a', '\u2028', '\u{E0001}') }),
    fc.string({ unit: 'grapheme' }),
  )
  fc.assert(
    fc.property(text, (id) => {
      const written = terraformOf('b', { Rules: [{ ID: id, Status: 'Enabled' }] })!
      const line = /^ {4}id {5}= "(.*)"$/m.exec(written)
      expect(line === null ? null : unquote(line[1]!)).toBe(id)
      expect(written.split('\n')).toHaveLength(9)
    }),
  )
})

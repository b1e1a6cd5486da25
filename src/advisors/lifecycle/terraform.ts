// A lifecycle document as Terraform: `aws_s3_bucket_lifecycle_configuration` of the AWS provider, the whole document, laid
// out as `terraform fmt` does. What it cannot say without loss is not said at all.
import type { JsonValue } from '../../model/json-value.ts'
import type { LifecycleDocument } from '../../model/lifecycle-rules.ts'

type Json = Readonly<Record<string, JsonValue>>
/** `name = text`, a map of strings, or a block with more of them. */
type Item =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly map: ReadonlyArray<readonly [string, string]> }
  | { readonly name: string; readonly items: readonly Item[] }

/** Null where the document has no rules, or a rule holds something that has no words here. */
export function terraformOf(bucket: string, document: LifecycleDocument): string | null {
  const { Rules, TransitionDefaultMinimumObjectSize: least, ...unknown } = document
  if (Rules.length === 0 || Object.keys(unknown).length > 0) return null
  try {
    const items: Item[] = [
      { name: 'bucket', text: quoted(bucket) },
      ...(least === undefined ? [] : [attribute('transition_default_minimum_object_size', least)]),
      ...Rules.map((rule) => ({ name: 'rule', items: read(rule, RULE) })),
    ]
    const name = bucket.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, 'b_')
    const head = `resource "aws_s3_bucket_lifecycle_configuration" ${quoted(name)} {`
    return [head, ...print(items, '  '), '}', ''].join('\n')
  } catch (error) {
    if (error instanceof NoWords) return null
    throw error
  }
}

class NoWords extends Error {}

type Say = (value: JsonValue) => readonly Item[]
type Words = Readonly<Record<string, Say>>

const says =
  (name: string): Say =>
  (value) => [attribute(name, value)]
const block =
  (name: string, words: Words): Say =>
  (value) => [{ name, items: read(objectOf(value), words) }]
const blocks =
  (name: string, words: Words): Say =>
  (value) =>
    (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]).flatMap(block(name, words))
const date =
  (name: string): Say =>
  (value) => {
    const at = typeof value === 'string' ? Date.parse(value) : NaN
    if (Number.isNaN(at)) throw new NoWords()
    return [attribute(name, `${new Date(at).toISOString().slice(0, 19)}Z`)]
  }

const TAG: Words = { Key: says('key'), Value: says('value') }
const CONDITIONS: Words = {
  Prefix: says('prefix'),
  ObjectSizeGreaterThan: says('object_size_greater_than'),
  ObjectSizeLessThan: says('object_size_less_than'),
}
const FILTER: Words = {
  ...CONDITIONS,
  Tag: block('tag', TAG),
  And: block('and', {
    ...CONDITIONS,
    Tags: (value) => [
      {
        name: 'tags',
        map: (Array.isArray(value) ? (value as readonly JsonValue[]) : []).map((tag) => {
          const { Key, Value } = objectOf(tag)
          if (typeof Key !== 'string' || typeof Value !== 'string') throw new NoWords()
          return [Key, Value] as const
        }),
      },
    ],
  }),
}
const TRANSITION: Words = { Days: says('days'), Date: date('date'), StorageClass: says('storage_class') }
const NONCURRENT: Words = {
  NoncurrentDays: says('noncurrent_days'),
  NewerNoncurrentVersions: says('newer_noncurrent_versions'),
  StorageClass: says('storage_class'),
}
/** S3's words, in the order in which they are written down. */
const RULE: Words = {
  ID: says('id'),
  Status: says('status'),
  // An old document has its prefix on the rule; S3 takes the same in a filter.
  Prefix: (value) => [{ name: 'filter', items: [attribute('prefix', value)] }],
  Filter: block('filter', FILTER),
  Transition: blocks('transition', TRANSITION),
  Transitions: blocks('transition', TRANSITION),
  Expiration: block('expiration', {
    Days: says('days'),
    Date: date('date'),
    ExpiredObjectDeleteMarker: says('expired_object_delete_marker'),
  }),
  NoncurrentVersionTransitions: blocks('noncurrent_version_transition', NONCURRENT),
  NoncurrentVersionExpiration: block('noncurrent_version_expiration', NONCURRENT),
  AbortIncompleteMultipartUpload: block('abort_incomplete_multipart_upload', {
    DaysAfterInitiation: says('days_after_initiation'),
  }),
}

function read(json: Json, words: Words): Item[] {
  if (Object.keys(json).some((key) => !Object.hasOwn(words, key))) throw new NoWords()
  return Object.entries(words).flatMap(([key, say]) => (json[key] === undefined ? [] : say(json[key])))
}

function objectOf(value: JsonValue): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NoWords()
  return value as Json
}

function attribute(name: string, value: JsonValue): Item {
  if (typeof value === 'string') return { name, text: quoted(value) }
  if (typeof value === 'number' || typeof value === 'boolean') return { name, text: String(value) }
  throw new NoWords()
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** HCL's quoted template: nothing in it may end the string or begin an interpolation or a directive. */
const quoted = (text: string): string =>
  `"${text
    .replaceAll(/[\\"\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (char) => ESCAPES[char] ?? codePoint(char))
    .replaceAll(/([$%])\{/g, '$1$1{')}"`

const codePoint = (char: string): string => {
  const hex = char.codePointAt(0)!.toString(16)
  return hex.length > 4 ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}

/** Attributes of one run have their equals signs below each other; blocks and maps stand apart. */
function print(items: readonly Item[], indent: string): string[] {
  const short = items.filter((item) => 'text' in item)
  const lines = aligned(
    short.map(({ name, text }) => [name, text]),
    indent,
  )
  for (const item of items) {
    if ('text' in item) continue
    if (lines.length > 0) lines.push('')
    if ('map' in item)
      lines.push(
        `${indent}${item.name} = {`,
        ...aligned(
          item.map.map(([key, value]) => [quoted(key), quoted(value)]),
          `${indent}  `,
        ),
        `${indent}}`,
      )
    else if (item.items.length === 0) lines.push(`${indent}${item.name} {}`)
    else lines.push(`${indent}${item.name} {`, ...print(item.items, `${indent}  `), `${indent}}`)
  }
  return lines
}

const graphemes = new Intl.Segmenter('en')
const columns = (text: string): number => [...graphemes.segment(text)].length

function aligned(pairs: ReadonlyArray<readonly [name: string, text: string]>, indent: string): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => columns(name)))
  return pairs.map(([name, text]) => `${indent}${name}${' '.repeat(width - columns(name))} = ${text}`)
}

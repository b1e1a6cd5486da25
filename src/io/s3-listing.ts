// Lists a prefix of an S3 bucket, page by page: keys and, where asked, the folders directly below.
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { SourceError } from '../model/errors.ts'
import { timestamp } from '../model/units.ts'
import { checkKey, compareKeys, joinKeys } from './keys.ts'
import type { ListOptions, ObjectInfo } from './object-store.ts'

/** What S3 gives at most. */
const PAGE = 1_000

type Entry = ObjectInfo | { readonly folder: string }
const keyOf = (entry: Entry): string => ('folder' in entry ? entry.folder : entry.key)

export interface Listed {
  readonly bucket: string
  /** Of the store; keys are given without it. */
  readonly prefix: string
  /** Below the prefix, '' for all of it. */
  readonly folder: string
  /** '/' for what is directly in the folder, undefined for everything below it. */
  readonly delimiter: '/' | undefined
  readonly urlOf: (key: string) => string
  readonly send: (input: ListObjectsV2CommandInput) => Promise<ListObjectsV2CommandOutput>
}

export async function* listEntries(listed: Listed, options: ListOptions): AsyncGenerator<Entry> {
  const { startAfter, skipped, limit = Infinity } = options
  let left = limit
  if (left <= 0) return
  for await (const entry of allEntries(listed, options)) {
    const key = keyOf(entry)
    // S3 gives a folder again when there are keys after the start inside it.
    if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue
    // A key that ends in a slash is what consoles create for an empty folder.
    if ('key' in entry && key.endsWith('/')) continue
    try {
      checkKey(key, listed.urlOf)
    } catch (error) {
      if (skipped === undefined || !(error instanceof SourceError)) throw error
      skipped(error)
      continue
    }
    yield entry
    left -= 1
    if (left <= 0) return
  }
}

async function* allEntries(listed: Listed, { startAfter, limit }: ListOptions): AsyncGenerator<Entry> {
  const { bucket, prefix, delimiter, urlOf } = listed
  const below = joinKeys(prefix, listed.folder)
  const cut = prefix === '' ? 0 : prefix.length + 1
  const input: ListObjectsV2CommandInput = {
    Bucket: bucket,
    Prefix: below === '' ? '' : `${below}/`,
    // Keys may hold characters that XML cannot carry.
    EncodingType: 'url',
    MaxKeys: Math.min(PAGE, limit ?? PAGE),
    ...(delimiter !== undefined && { Delimiter: delimiter }),
  }
  let page = await listed.send({
    ...input,
    ...(startAfter !== undefined && { StartAfter: joinKeys(prefix, startAfter) }),
  })
  for (let token: string | undefined; ;) {
    yield* pageEntries(page, cut)
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined
    if (next === undefined) return
    if (next === token) {
      const subject = urlOf(listed.folder)
      const message = `The listing of ${subject} goes in a circle: the same continuation token came twice`
      throw new SourceError('corrupt', message, { subject })
    }
    token = next
    page = await listed.send({ ...input, ContinuationToken: token })
  }
}

/** One page's keys and folders as one ordered list, relative to the store's root. */
function pageEntries(page: ListObjectsV2CommandOutput, cut: number): Entry[] {
  const encoded = page.EncodingType === 'url'
  const relative = (text = ''): string => (encoded ? decode(text) : text).slice(cut)
  const files = (page.Contents ?? []).map((object) => ({
    key: relative(object.Key),
    size: object.Size ?? 0,
    modified: timestamp(object.LastModified?.getTime() ?? 0),
    etag: object.ETag ?? null,
  }))
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => ({ folder: relative(Prefix) }))
  if (folders.length === 0) return files
  return [...files, ...folders].toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)))
}

/** Keys are bytes; what is not UTF-8 is shown with replacement characters instead of failing the listing. */
const decode = (text: string): string => {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return Buffer.from(
      spaced.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    ).toString('utf8')
  }
}

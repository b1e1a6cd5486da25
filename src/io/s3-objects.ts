// A prefix of an S3 bucket as an object store.
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import type { ByteSource } from '../model/bytes.ts'
import { SourceError } from '../model/errors.ts'
import { timestamp } from '../model/units.ts'
import { checkFolder, checkKey, compareKeys, joinKeys } from './keys.ts'
import type {
  ByteRange,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectCounters,
  ObjectInfo,
  ObjectStore,
} from './object-store.ts'
import { type BodyRules, type NodeBody, piecesOf, timeoutError } from './s3-body.ts'
import type { S3Call, S3Endpoint, S3Sdk } from './s3-endpoint.ts'

const PAGE = 1_000

interface Opened {
  readonly pieces: AsyncGenerator<Uint8Array>
  readonly etag: string | null
  readonly modified: ObjectBody['modified']
  /** Of the part that was asked for. */
  readonly length: number | undefined
}

interface GetAsk {
  readonly range?: ByteRange | { readonly start: number }
  readonly ifNoneMatch?: string
  readonly ifMatch?: string
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export const createS3Objects = (endpoint: S3Endpoint, bucket: string, prefix: string): ObjectStore =>
  s3Objects(endpoint, { bucket, prefix }, { gets: 0, lists: 0, heads: 0, bytes: 0, retries: 0, failures: 0 })

const modifiedOf = (date: Date | undefined): ObjectBody['modified'] => timestamp(date?.getTime() ?? 0)

/** Gives the SDK until the head of the answer (all of it, for listings); what follows has limits of its own. */
async function within<T>(
  { limits }: S3Endpoint,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), limits.answer)
  try {
    return await send(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    if (late.signal.aborted && !signal.aborted)
      throw timeoutError(`no answer within ${limits.answer / 1_000} s`)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function s3Objects(
  endpoint: S3Endpoint,
  place: { readonly bucket: string; readonly prefix: string },
  counters: ObjectCounters,
): ObjectStore {
  const { bucket, prefix } = place
  const url = `s3://${joinKeys(bucket, prefix)}`
  const urlOf = (key: string): string => joinKeys(url, key)
  const fullKey = (key: string): string => joinKeys(prefix, checkKey(key, urlOf))

  const call = <T>(
    action: string,
    counted: S3Call<T>['counted'],
    where: { readonly key: string; readonly signal: AbortSignal },
    attempt: S3Call<T>['attempt'],
  ): Promise<T> =>
    endpoint.call({
      asked: { action, bucket, key: joinKeys(prefix, where.key), url: urlOf(where.key) },
      counters,
      counted,
      signal: where.signal,
      attempt,
    })

  /** Sends the GET; null where the object still has the etag. The pieces must be read or returned. */
  const openBody = async ({ s3, client }: S3Sdk, key: string, ask: GetAsk): Promise<Opened | null> => {
    const { range } = ask
    const command = new s3.GetObjectCommand({
      Bucket: bucket,
      Key: fullKey(key),
      ...(range && { Range: `bytes=${range.start}-${'end' in range ? range.end - 1 : ''}` }),
      ...(ask.ifNoneMatch !== undefined && { IfNoneMatch: ask.ifNoneMatch }),
      ...(ask.ifMatch !== undefined && { IfMatch: ask.ifMatch }),
    })
    let answer: GetObjectCommandOutput
    try {
      answer = await within(endpoint, ask.signal, (abortSignal) => client.send(command, { abortSignal }))
    } catch (error) {
      if (statusOf(error) === 304) return null
      throw error
    }
    const body = answer.Body as unknown as NodeBody
    const rules: BodyRules = {
      url: urlOf(key),
      maxBytes: ask.maxBytes,
      declared: answer.ContentLength,
      signal: ask.signal,
      clock: endpoint.clock,
      limits: endpoint.limits,
    }
    if (range && range.start > 0 && !answer.ContentRange?.startsWith(`bytes ${range.start}-`)) {
      body.destroy()
      throw new SourceError(
        'unsupported',
        `${endpoint.name} ignores ranges: ${urlOf(key)} cannot be read in parts`,
        {
          subject: urlOf(key),
        },
      )
    }
    return {
      pieces: piecesOf(body, rules),
      etag: answer.ETag ?? null,
      modified: modifiedOf(answer.LastModified),
      length: answer.ContentLength,
    }
  }

  const fetchBody = (key: string, ask: GetAsk): Promise<ObjectBody | null> =>
    call('GetObject', 'gets', { key, signal: ask.signal }, async (sdk) => {
      const opened = await openBody(sdk, key, ask)
      if (opened === null) return null
      const pieces: Uint8Array[] = []
      for await (const piece of opened.pieces) {
        counters.bytes += piece.byteLength
        pieces.push(piece)
      }
      const { etag, modified } = opened
      return { bytes: joined(pieces), etag, modified }
    })

  function get(key: string, options: GetOptions): Promise<ObjectBody>
  function get(key: string, options: GetOptions & { ifNoneMatch: string }): Promise<ObjectBody | null>
  async function get(key: string, options: GetOptions): Promise<ObjectBody | null> {
    const { range, maxBytes } = options
    checkKey(key, urlOf)
    if (range === undefined) return fetchBody(key, options)
    // HTTP has no empty range.
    if (range.end <= range.start) {
      const { etag, modified } = await head(key, options.signal)
      return { bytes: new Uint8Array(0), etag, modified }
    }
    return fetchBody(key, { ...options, maxBytes: Math.min(maxBytes, range.end - range.start) })
  }

  /** Goes on where it was cut off, as long as the object is still the same one. */
  async function* stream(key: string, options: Omit<GetOptions, 'range' | 'ifNoneMatch'>) {
    const { signal, maxBytes } = options
    checkKey(key, urlOf)
    const leave = await endpoint.streams.take(signal)
    try {
      let etag: string | null = null
      let received = 0
      for (let cuts = 0; ; cuts += 1) {
        const resumed = received > 0 && etag !== null ? { range: { start: received }, ifMatch: etag } : {}
        const ask: GetAsk = { maxBytes: maxBytes - received, signal, ...resumed }
        const opened = await call('GetObject', 'gets', { key, signal }, (sdk) => openBody(sdk, key, ask))
        etag = opened!.etag
        try {
          for await (const piece of opened!.pieces) {
            received += piece.byteLength
            counters.bytes += piece.byteLength
            yield piece
          }
          return
        } catch (error) {
          const again = cuts + 1 < endpoint.limits.attempts && (received === 0 || etag !== null)
          const failure = endpoint.bodyFailed(
            error,
            { action: 'GetObject', bucket, key, url: urlOf(key) },
            signal,
          )
          if (failure.retry && again) counters.retries += 1
          else {
            counters.failures += 1
            throw failure.error
          }
        }
      }
    } finally {
      leave()
    }
  }

  const head = async (key: string, signal: AbortSignal): Promise<ObjectInfo> => {
    const Key = fullKey(key)
    return call('HeadObject', 'heads', { key, signal }, async ({ s3, client }) => {
      const command = new s3.HeadObjectCommand({ Bucket: bucket, Key })
      const found = await within(endpoint, signal, (abortSignal) => client.send(command, { abortSignal }))
      return {
        key,
        size: found.ContentLength ?? 0,
        modified: modifiedOf(found.LastModified),
        etag: found.ETag ?? null,
      }
    })
  }

  /** Keys and, with a delimiter, folders; in order, page by page. */
  async function* pages(folder: string, options: ListOptions, delimiter: string | undefined) {
    const below = joinKeys(prefix, folder)
    const listed = below === '' ? '' : `${below}/`
    const cut = prefix === '' ? 0 : prefix.length + 1
    const { startAfter, limit, signal } = options
    let token: string | undefined
    do {
      const input = {
        Bucket: bucket,
        Prefix: listed,
        // Keys may hold characters that XML cannot carry.
        EncodingType: 'url' as const,
        MaxKeys: Math.min(PAGE, limit ?? PAGE),
        ...(delimiter !== undefined && { Delimiter: delimiter }),
        ...(startAfter !== undefined && token === undefined && { StartAfter: joinKeys(prefix, startAfter) }),
        ...(token !== undefined && { ContinuationToken: token }),
      }
      const page = await call('ListObjectsV2', 'lists', { key: folder, signal }, ({ s3, client }) =>
        within(endpoint, signal, (abortSignal) =>
          client.send(new s3.ListObjectsV2Command(input), { abortSignal }),
        ),
      )
      yield* entriesOf(page, cut)
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined
      if (next !== undefined && next === token) throw circular(urlOf(folder))
      token = next
    } while (token !== undefined)
  }

  async function* entries(folder: string, options: ListOptions, delimiter: string | undefined) {
    const { startAfter, skipped } = options
    let left = options.limit ?? Infinity
    if (left <= 0) return
    for await (const entry of pages(checkFolder(folder, urlOf), options, delimiter)) {
      const key = keyOf(entry)
      if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue
      // A key that ends in a slash is what consoles create for an empty folder.
      if ('key' in entry && key.endsWith('/')) continue
      try {
        checkKey(key, urlOf)
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

  return {
    url,
    urlOf,
    counters,
    get,
    stream,
    head,
    async *list(folder, options) {
      for await (const entry of entries(folder, options, undefined)) if ('key' in entry) yield entry
    },
    children: (folder, options) => entries(folder, options, '/'),
    async source(key, options): Promise<ByteSource> {
      const known = options.size === undefined ? await head(key, options.signal) : undefined
      const size = options.size ?? known!.size
      let etag = known?.etag ?? null
      checkKey(key, urlOf)
      return {
        name: urlOf(key),
        byteLength: size,
        async slice(start, end = size) {
          const range = { start, end: Math.min(end, size) }
          if (range.end <= start) return new Uint8Array(0)
          const match = etag === null ? {} : { ifMatch: etag }
          const ask: GetAsk = { range, maxBytes: range.end - start, signal: options.signal, ...match }
          const body = await fetchBody(key, ask)
          etag = body!.etag
          return body!.bytes
        },
      }
    },
    below: (folder) =>
      s3Objects(endpoint, { bucket, prefix: joinKeys(prefix, checkFolder(folder, urlOf)) }, counters),
  }
}

type Entry = ObjectInfo | { readonly folder: string }
const keyOf = (entry: Entry): string => ('folder' in entry ? entry.folder : entry.key)

const circular = (subject: string): SourceError =>
  new SourceError(
    'corrupt',
    `The listing of ${subject} goes in a circle: the same continuation token came twice`,
    {
      subject,
    },
  )

/** One page's keys and folders as one ordered list, relative to the store's root. */
function entriesOf(page: ListObjectsV2CommandOutput, cut: number): Entry[] {
  const encoded = page.EncodingType === 'url'
  const relative = (text: string | undefined): string => {
    const key = text ?? ''
    return (encoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key).slice(cut)
  }
  const files = (page.Contents ?? []).map((object) => ({
    key: relative(object.Key),
    size: object.Size ?? 0,
    modified: modifiedOf(object.LastModified),
    etag: object.ETag ?? null,
  }))
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => ({ folder: relative(Prefix) }))
  if (folders.length === 0) return files
  return [...files, ...folders].toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)))
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.byteLength
  }
  return all
}

// A prefix of an S3 bucket as an object store.
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ByteSource } from '../model/bytes.ts'
import { SourceError } from '../model/errors.ts'
import { timestamp } from '../model/units.ts'
import { checkFolder, checkKey, joinKeys } from './keys.ts'
import {
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectCounters,
  type ObjectInfo,
  type ObjectStore,
  noCounts,
} from './object-store.ts'
import { type NodeBody, piecesOf } from './s3-body.ts'
import type { S3Call, S3Endpoint, S3Sdk } from './s3-endpoint.ts'
import { listEntries } from './s3-listing.ts'

interface Opened {
  /** Must be read to the end or returned from. */
  readonly pieces: AsyncGenerator<Uint8Array>
  readonly etag: string | null
  readonly modified: ObjectInfo['modified']
}

interface GetAsk {
  /** `end` is exclusive; without it, to the end of the object. */
  readonly range?: { readonly start: number; readonly end?: number }
  readonly ifNoneMatch?: string
  readonly ifMatch?: string
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export const createS3Objects = (endpoint: S3Endpoint, bucket: string, prefix: string): ObjectStore =>
  new S3Objects(endpoint, bucket, prefix, noCounts())

class S3Objects implements ObjectStore {
  readonly url: string
  readonly counters: ObjectCounters
  readonly #endpoint: S3Endpoint
  readonly #bucket: string
  readonly #prefix: string

  constructor(endpoint: S3Endpoint, bucket: string, prefix: string, counters: ObjectCounters) {
    this.url = `s3://${joinKeys(bucket, prefix)}`
    this.counters = counters
    this.#endpoint = endpoint
    this.#bucket = bucket
    this.#prefix = prefix
  }

  urlOf = (key: string): string => joinKeys(this.url, key)

  below(folder: string): ObjectStore {
    const prefix = joinKeys(this.#prefix, checkFolder(folder, this.urlOf))
    return new S3Objects(this.#endpoint, this.#bucket, prefix, this.counters)
  }

  async *list(folder: string, options: ListOptions): AsyncIterable<ObjectInfo> {
    for await (const entry of this.#entries(folder, options, undefined)) if ('key' in entry) yield entry
  }

  children(folder: string, options: ListOptions): AsyncIterable<ObjectInfo | { readonly folder: string }> {
    return this.#entries(folder, options, '/')
  }

  get(key: string, options: GetOptions): Promise<ObjectBody>
  get(key: string, options: GetOptions & { ifNoneMatch: string }): Promise<ObjectBody | null>
  async get(key: string, options: GetOptions): Promise<ObjectBody | null> {
    const { range } = options
    // HTTP has no empty range.
    if (range && range.end <= range.start) {
      const { etag, modified } = await this.head(key, options.signal)
      return { bytes: new Uint8Array(0), etag, modified }
    }
    return this.#read(key, options)
  }

  /** Goes on where it was cut off, as long as the object is still the same one. */
  async *stream(
    key: string,
    { maxBytes, signal }: Omit<GetOptions, 'range' | 'ifNoneMatch'>,
  ): AsyncIterable<Uint8Array> {
    checkKey(key, this.urlOf)
    const leave = await this.#endpoint.streams(signal, this.urlOf(key))
    try {
      let received = 0
      let ask: GetAsk = { maxBytes, signal }
      for (let cuts = 1; ; cuts += 1) {
        const opened = (await this.#call('GetObject', 'gets', key, signal, (sdk) =>
          this.#open(sdk, key, ask),
        ))!
        try {
          for await (const piece of opened.pieces) {
            received += piece.byteLength
            this.counters.bytes += piece.byteLength
            yield piece
          }
          return
        } catch (thrown) {
          const { error, retry } = this.#endpoint.assess(thrown, this.#asked('GetObject', key), signal)
          if (!retry || cuts >= this.#endpoint.limits.attempts || opened.etag === null) {
            this.counters.failures += 1
            throw error
          }
          this.counters.retries += 1
          const rest = received === 0 ? {} : { range: { start: received }, ifMatch: opened.etag }
          ask = { maxBytes: maxBytes - received, signal, ...rest }
        }
      }
    } finally {
      leave()
    }
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    return this.#call('HeadObject', 'heads', key, signal, async ({ s3, send }) => {
      const input = { Bucket: this.#bucket, Key: joinKeys(this.#prefix, key) }
      const found = await send(new s3.HeadObjectCommand(input), signal)
      return {
        key,
        size: found.ContentLength ?? 0,
        modified: timestamp(found.LastModified?.getTime() ?? 0),
        etag: found.ETag ?? null,
      }
    })
  }

  async source(key: string, { size, signal }: { size?: number; signal: AbortSignal }): Promise<ByteSource> {
    const known = size === undefined ? await this.head(key, signal) : { size, etag: null }
    checkKey(key, this.urlOf)
    // Whichever answer comes first says which object is read; a later one must not be of another.
    let etag = known.etag
    return {
      name: this.urlOf(key),
      byteLength: known.size,
      slice: async (start, end = known.size) => {
        const range = { start, end: Math.min(end, known.size) }
        if (range.end <= range.start) return new Uint8Array(0)
        const match = etag === null ? {} : { ifMatch: etag }
        const body = (await this.#read(key, { range, maxBytes: range.end - start, signal, ...match }))!
        etag ??= body.etag
        return body.bytes
      },
    }
  }

  #entries(folder: string, options: ListOptions, delimiter: '/' | undefined) {
    const checked = checkFolder(folder, this.urlOf)
    const listed = {
      bucket: this.#bucket,
      prefix: this.#prefix,
      folder: checked,
      delimiter,
      urlOf: this.urlOf,
      send: (input: ConstructorParameters<S3Sdk['s3']['ListObjectsV2Command']>[0]) =>
        this.#call('ListObjectsV2', 'lists', checked, options.signal, ({ s3, send }) =>
          send(new s3.ListObjectsV2Command(input), options.signal),
        ),
    }
    return listEntries(listed, options)
  }

  #asked(action: string, key: string): S3Call<unknown>['asked'] {
    return { action, bucket: this.#bucket, key: joinKeys(this.#prefix, key), url: this.urlOf(key) }
  }

  async #call<T>(
    action: string,
    counted: S3Call<T>['counted'],
    key: string,
    signal: AbortSignal,
    attempt: S3Call<T>['attempt'],
  ): Promise<T> {
    checkKey(key, this.urlOf)
    const asked = this.#asked(action, key)
    return this.#endpoint.call({ asked, counters: this.counters, counted, signal, attempt })
  }

  #read(key: string, ask: GetAsk): Promise<ObjectBody | null> {
    return this.#call('GetObject', 'gets', key, ask.signal, async (sdk) => {
      const opened = await this.#open(sdk, key, ask)
      if (opened === null) return null
      const pieces: Uint8Array[] = []
      for await (const piece of opened.pieces) {
        this.counters.bytes += piece.byteLength
        pieces.push(piece)
      }
      return { bytes: joined(pieces), etag: opened.etag, modified: opened.modified }
    })
  }

  /** Sends the GET; null where the object still has the etag. */
  async #open({ s3, send }: S3Sdk, key: string, ask: GetAsk): Promise<Opened | null> {
    const { range, ifNoneMatch, ifMatch, maxBytes, signal } = ask
    const command = new s3.GetObjectCommand({
      Bucket: this.#bucket,
      Key: joinKeys(this.#prefix, key),
      ...(range && { Range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` }),
      ...(ifNoneMatch !== undefined && { IfNoneMatch: ifNoneMatch }),
      ...(ifMatch !== undefined && { IfMatch: ifMatch }),
    })
    let answer: GetObjectCommandOutput
    try {
      answer = await send(command, signal)
    } catch (error) {
      if (statusOf(error) === 304) return null
      throw error
    }
    const body = answer.Body as unknown as NodeBody
    const url = this.urlOf(key)
    const { clock, limits, name } = this.#endpoint
    if (range && range.start > 0 && !answer.ContentRange?.startsWith(`bytes ${range.start}-`)) {
      body.destroy()
      const message = `${name} ignores ranges: ${url} cannot be read in parts`
      throw new SourceError('unsupported', message, { subject: url })
    }
    return {
      pieces: piecesOf(body, { url, maxBytes, declared: answer.ContentLength, signal, clock, limits }),
      etag: answer.ETag ?? null,
      modified: timestamp(answer.LastModified?.getTime() ?? 0),
    }
  }
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

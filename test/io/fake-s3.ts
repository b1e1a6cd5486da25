// A small S3 in this process: lists, reads, ranges, conditions, and whatever trouble a test asks for.
import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stored {
  readonly bytes: Buffer
  readonly etag: string
  readonly modified: Date
}

/** Handles a request in place of the server; answers false to leave it to the server after all. */
export type Trouble = (request: http.IncomingMessage, response: http.ServerResponse) => boolean | void

export interface FakeS3 extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: string[]
  put(path: string, bytes: Uint8Array): void
  remove(path: string): void
  /** The next requests meet these, one each. */
  trouble(...next: Trouble[]): void
}

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export const answerError =
  (
    status: number,
    code: string,
    headers: Record<string, string> = {},
    message = 'as told by the test',
  ): Trouble =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${xml(message)}</Message></Error>`)
  }

/** Never answers. */
export const hang: Trouble = () => {}
export const hangUp: Trouble = (request) => void request.socket.destroy()

export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const objects = new Map<string, Stored>()
  const troubles: Trouble[] = []
  const requests: string[] = []

  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const trouble = troubles.shift()
    if (trouble && trouble(request, response) !== false) return
    const url = new URL(request.url!, 'http://fake')
    const [, name, ...rest] = url.pathname.split('/').map(decodeURIComponent)
    if (name !== bucket) void answerError(404, 'NoSuchBucket')(request, response)
    else if (url.searchParams.has('list-type')) response.end(listing(url.searchParams, objects))
    else serve(rest.join('/'), objects, request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put(path, bytes) {
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
      objects.set(path, { bytes: Buffer.from(bytes), etag, modified: new Date('2026-01-02T03:04:05Z') })
    },
    remove: (path) => void objects.delete(path),
    trouble: (...next) => void troubles.push(...next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function serve(
  key: string,
  objects: ReadonlyMap<string, Stored>,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const found = objects.get(key)
  if (!found) return void answerError(404, 'NoSuchKey')(request, response)
  const { bytes, etag, modified } = found
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
  if ((request.headers['if-match'] ?? etag) !== etag)
    return void answerError(412, 'PreconditionFailed')(request, response)
  const head = { etag, 'last-modified': modified.toUTCString() }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) {
    response.writeHead(200, { ...head, 'content-length': bytes.length })
    return void response.end(request.method === 'HEAD' ? undefined : bytes)
  }
  const start = Number(from)
  const end = Math.min(to ? Number(to) + 1 : bytes.length, bytes.length)
  if (start >= bytes.length) return void answerError(416, 'InvalidRange')(request, response)
  response.writeHead(206, {
    ...head,
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
  })
  response.end(bytes.subarray(start, end))
}

function listing(query: URLSearchParams, objects: ReadonlyMap<string, Stored>): string {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const most = Number(query.get('max-keys') ?? 1_000)
  const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const text = (key: string) => (query.get('encoding-type') === 'url' ? encodeURIComponent(key) : xml(key))
  const rows: string[] = []
  let last = ''
  let truncated = false
  for (const key of [...objects.keys()].filter((k) => k.startsWith(prefix)).toSorted(bytewise)) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const shown = cut === -1 ? key : key.slice(0, cut + 1)
    // Amazon takes a start inside of a folder as «the folder has more», a token as «after all of the folder».
    if (bytewise(cut === -1 || !query.has('continuation-token') ? key : shown, after) <= 0 || shown === last)
      continue
    if (rows.length >= most) {
      truncated = true
      break
    }
    last = shown
    const { bytes, etag, modified } = objects.get(key)!
    rows.push(
      cut === -1
        ? `<Contents><Key>${text(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${xml(etag)}</ETag><Size>${bytes.length}</Size></Contents>`
        : `<CommonPrefixes><Prefix>${text(shown)}</Prefix></CommonPrefixes>`,
    )
  }
  const next = truncated ? `<NextContinuationToken>${xml(last)}</NextContinuationToken>` : ''
  const encoding = query.has('encoding-type') ? '<EncodingType>url</EncodingType>' : ''
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${truncated}</IsTruncated>${next}${encoding}${rows.join('')}</ListBucketResult>`
}

// What a real S3 and CloudWatch answered, kept as a file and given again by a loopback server: nothing of ours is replaced.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface S3Exchange {
  /** `GET /bucket?lifecycle`; of a body with something in it, with its hash. */
  readonly asked: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, or base64 of what is none. */
  readonly body: string | { readonly base64: string }
}

export interface S3Recording {
  /** The time of the poll, epoch ms: CloudWatch is asked for days before it. */
  readonly now: number
  readonly exchanges: readonly S3Exchange[]
}

export interface Loopback extends AsyncDisposable {
  readonly url: string
  readonly asked: string[]
}

/** Answers in place of what was recorded; undefined leaves it to the recording. */
export type Instead = (asked: string) => Partial<Omit<S3Exchange, 'asked'>> | undefined

const KEPT_HEADERS = ['content-type', 'etag', 'last-modified', 'content-range', 'smithy-protocol']

async function bodyOf(message: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function questionOf({ method, url, headers }: http.IncomingMessage, body: Buffer): string {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://s3')
  searchParams.delete('x-id')
  searchParams.sort()
  const query = searchParams.size === 0 ? '' : `?${searchParams.toString()}`
  const range = headers.range === undefined ? '' : ` ${headers.range}`
  const hash = body.length === 0 ? '' : ` ${createHash('sha256').update(body).digest('hex').slice(0, 16)}`
  return `${method} ${pathname}${query}${range}${hash}`
}

async function listen(
  answer: (request: http.IncomingMessage, body: Buffer) => Promise<Omit<S3Exchange, 'asked'>>,
): Promise<Loopback> {
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request)
      asked.push(questionOf(request, body))
      const told = await answer(request, body)
      const bytes =
        typeof told.body === 'string' ? Buffer.from(told.body) : Buffer.from(told.body.base64, 'base64')
      response.writeHead(told.status, { ...told.headers, 'content-length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    })()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** A server between the collector and a real one; `exchanges` fills as it is used. */
export async function recordS3(target: string): Promise<Loopback & { readonly exchanges: S3Exchange[] }> {
  const exchanges: S3Exchange[] = []
  const loopback = await listen(async (request, body) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === 'string' && !['host', 'connection', 'content-length'].includes(entry[0]),
      ),
    )
    const answer = await fetch(new URL(request.url ?? '/', target), {
      method: request.method ?? 'GET',
      headers,
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const isText = Buffer.from(bytes.toString('utf8')).equals(bytes)
    const exchange = {
      asked: questionOf(request, body),
      status: answer.status,
      headers: Object.fromEntries(
        KEPT_HEADERS.flatMap((name) => {
          const value = answer.headers.get(name)
          return value === null ? [] : [[name, value]]
        }),
      ),
      body: isText ? bytes.toString('utf8') : { base64: bytes.toString('base64') },
    }
    const last = exchanges.findLast(({ asked }) => asked === exchange.asked)
    if (JSON.stringify(last) !== JSON.stringify(exchange)) exchanges.push(exchange)
    return exchange
  })
  return { ...loopback, exchanges }
}

export const readRecording = (file: string): S3Recording =>
  JSON.parse(fs.readFileSync(file, 'utf8')) as S3Recording

/** Answers of the same question in the order in which they were given; the last one again and again. */
export async function replayS3(
  { exchanges }: S3Recording,
  instead: Instead = () => undefined,
): Promise<Loopback> {
  const waiting = Map.groupBy(exchanges, ({ asked }) => asked)
  return listen(async (request, body) => {
    const question = questionOf(request, body)
    const other = instead(question)
    if (other !== undefined) return { status: 200, headers: {}, body: '', ...other }
    const queue = waiting.get(question)
    const next = queue === undefined || queue.length > 1 ? queue?.shift() : queue[0]
    return next ?? { status: 501, headers: {}, body: s3Error('NotRecorded') }
  })
}

export const s3Error = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>as S3 says it</Message></Error>`

// What becomes of S3's troubles: throttling, refusals, hangs, broken and dripping bodies, answers of something else.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/io/clock.ts'
import { type ObjectOptions, objectOpener } from '../../src/io/objects.ts'
import type { S3Limits } from '../../src/io/s3-endpoint.ts'
import { explainError } from '../../src/model/errors.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { type FakeS3, type Trouble, answerError, hang, hangUp, startFakeS3 } from './fake-s3.ts'

const SECRET = 'wJalrXUtnFEMI-secret'
const environment = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: SECRET }
const { signal } = new AbortController()
const maxBytes = 1_000

/** Real lengths, but pauses pass at once. `pauses` tells them. */
function hurried(): Clock & { at: number; readonly pauses: number[] } {
  const clock = {
    at: Date.parse('2026-01-01T00:00:00Z'),
    pauses: [] as number[],
    now: () => timestamp(clock.at),
    monotonic: () => systemClock.monotonic(),
    async sleep(length: number) {
      clock.pauses.push(length)
    },
  }
  return clock
}

let server: FakeS3
let clock: ReturnType<typeof hurried>
beforeEach(async () => {
  server = await startFakeS3('lake')
  server.put('t/file', Buffer.from('0123456789'))
  clock = hurried()
})
afterEach(() => server[Symbol.asyncDispose]())

const open = (s3Limits: Partial<S3Limits> = {}, options: ObjectOptions = {}, env: object = environment) =>
  objectOpener({ clock, random: () => 0.5, base: '/', environment: { ...env }, s3Limits })('s3://lake/t', {
    endpoint: server.endpoint,
    ...options,
  })

/** What the error says, with the changing port taken out. */
const told = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'no error'
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'not a SourceError'
    return `${reason}: ${explainError(error)}`.replaceAll(server.endpoint, 'http://fake')
  }
}
const times = (count: number, trouble: Trouble): Trouble[] => Array<Trouble>(count).fill(trouble)

/** Starts the body and then does as told with it. */
const startBody =
  (length: number, after: (response: Parameters<Trouble>[1]) => void): Trouble =>
  (_, response) => {
    response.writeHead(200, { 'content-length': length, etag: '"e"' })
    response.write('0123', () => after(response))
  }

describe('S3 that throttles or fails for a while', () => {
  test('is asked again with jittered pauses, and each attempt is counted', async () => {
    const store = open()
    server.trouble(answerError(503, 'SlowDown'), answerError(500, 'InternalError'), hangUp)
    const body = await store.get('file', { maxBytes, signal })

    expect(Buffer.from(body.bytes).toString()).toBe('0123456789')
    expect(clock.pauses).toEqual([100, 200, 400])
    expect(store.counters).toEqual({ gets: 4, lists: 0, heads: 0, bytes: 10, retries: 3, failures: 0 })
  })

  test('is left alone for as long as it asks', async () => {
    server.trouble(
      answerError(503, 'SlowDown', { 'retry-after': '7' }),
      answerError(429, 'TooManyRequests', { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }),
    )
    await open().head('file', signal)

    expect(clock.pauses).toEqual([7_000, 9_000])
  })

  test('is not waited for beyond the deadline of a request', async () => {
    server.trouble(answerError(503, 'SlowDown', { 'retry-after': '3600' }))

    expect(await told(open().get('file', { maxBytes, signal }))).toBe(
      'throttled: http://fake throttles: GetObject s3://lake/t/file was answered 503 SlowDown',
    )
    expect(clock.pauses).toEqual([])
  })

  test('is given up after four attempts', async () => {
    const store = open()
    server.trouble(...times(4, answerError(503, 'SlowDown')))

    expect(await told(Array.fromAsync(store.list('', { signal })))).toBe(
      'throttled: http://fake throttles: ListObjectsV2 s3://lake/t was answered 503 SlowDown',
    )
    expect(store.counters).toMatchObject({ lists: 4, retries: 3, failures: 1 })
  })
})

describe('S3 that refuses', () => {
  test.for<[string, Trouble, 'get' | 'list', string]>([
    [
      'the right to read',
      answerError(403, 'AccessDenied'),
      'get',
      'denied: GetObject s3://lake/t/file was denied (AccessDenied): the credentials need s3:GetObject on arn:aws:s3:::lake/t/file; without s3:ListBucket on arn:aws:s3:::lake S3 says the same of a key that does not exist',
    ],
    [
      'the right to list',
      answerError(403, 'AccessDenied'),
      'list',
      'denied: ListObjectsV2 s3://lake/t was denied (AccessDenied): the credentials need s3:ListBucket on arn:aws:s3:::lake',
    ],
    [
      'the key',
      answerError(403, 'InvalidAccessKeyId'),
      'get',
      'denied: GetObject s3://lake/t/file was refused: the access key is not known there',
    ],
    [
      'a token that has expired',
      answerError(400, 'ExpiredToken'),
      'get',
      'denied: GetObject s3://lake/t/file was refused: the session token has expired; renew the credentials',
    ],
    [
      'a bucket of another region',
      answerError(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-north-1' }),
      'get',
      'unreachable: The bucket lake is in the region eu-north-1; set region of the source, or AWS_REGION',
    ],
    [
      'a bucket that does not exist',
      answerError(404, 'NoSuchBucket'),
      'list',
      'unreachable: The bucket lake does not exist at http://fake; check its name and region',
    ],
    [
      'what it does not do',
      answerError(501, 'NotImplemented'),
      'get',
      'unsupported: GetObject s3://lake/t/file was answered 501 NotImplemented',
    ],
  ])('%s is not asked again', async ([, trouble, verb, message]) => {
    const store = open()
    server.trouble(trouble)
    const work =
      verb === 'get' ? store.get('file', { maxBytes, signal }) : Array.fromAsync(store.list('', { signal }))

    expect(await told(work)).toBe(message)
    expect(server.requests).toHaveLength(1)
    expect(store.counters.failures).toBe(1)
  })

  test('never shows a secret, even where the server repeats it', async () => {
    const store = open({}, { endpoint: server.endpoint.replace('//', `//user:${SECRET}@`) })
    server.trouble(
      answerError(403, 'SignatureDoesNotMatch', {}, `signed with ${SECRET}`),
      ...times(4, answerError(500, 'InternalError', {}, `key ${SECRET} failed`)),
    )

    expect(await told(store.get('file', { maxBytes, signal }))).not.toContain(SECRET)
    expect(await told(store.get('file', { maxBytes, signal }))).not.toContain(SECRET)
  })
})

describe('S3 that hangs', () => {
  const quick = { answer: millis(40), connect: millis(40), bodyGrace: millis(40), attempts: 2 }

  test('before it answers: a timeout, then another attempt', async () => {
    server.trouble(hang)
    await open(quick).head('file', signal)

    expect(server.requests).toHaveLength(2)

    server.trouble(hang, hang)

    expect(await told(open(quick).get('file', { maxBytes, signal }))).toMatch(
      /^timeout: http:\/\/fake did not answer GetObject s3:\/\/lake\/t\/file in time/,
    )
  })

  test('in the middle of a body: a timeout, not a wait', async () => {
    server.trouble(
      ...times(
        2,
        startBody(10, () => {}),
      ),
    )

    expect(await told(open(quick).get('file', { maxBytes, signal }))).toMatch(
      /^timeout: .* in time \(the body came too slowly: 4 B in 0 s\)$/,
    )
  })

  test('by dripping: a timeout too', async () => {
    const drips: NodeJS.Timeout[] = []
    const drip = startBody(1_000_000, (response) => {
      drips.push(setInterval(() => response.write('x'), 5))
    })
    server.trouble(drip, drip)

    expect(await told(open(quick).get('file', { maxBytes: 1e9, signal }))).toMatch(/^timeout: .*too slowly/)

    drips.forEach(clearInterval)
  })

  test('until the caller gives up', async () => {
    const controller = new AbortController()
    server.trouble((...args) => {
      controller.abort()
      return hang(...args)
    })

    expect(await told(open().get('file', { maxBytes, signal: controller.signal }))).toMatch(
      /^timeout: GetObject s3:\/\/lake\/t\/file was stopped before it was done/,
    )
  })

  test('is left alone after five failures, and tried again by one request', async () => {
    const store = open({ ...quick, attempts: 5 })
    server.trouble(...times(5, hangUp))
    await told(store.get('file', { maxBytes, signal }))
    const message = await told(store.get('file', { maxBytes, signal }))

    expect(message).toMatch(
      /^unreachable: http:\/\/fake keeps failing and is left alone: next try at 2026-01-01T00:00:01\.000Z \(last failure: http:\/\/fake failed at GetObject/,
    )
    expect(server.requests).toHaveLength(5)
    expect(store.counters).toMatchObject({ gets: 5, failures: 2 })

    clock.at += 1_000
    const answers = await Promise.all([1, 2, 3].map(() => told(store.head('file', signal))))

    expect(answers.filter((answer) => answer === 'no error').length).toBeGreaterThanOrEqual(1)
    expect(await told(store.head('file', signal))).toBe('no error')
  })

  test('holds up no other endpoint', async () => {
    await using other = await startFakeS3('lake')
    other.put('t/file', Buffer.from('x'))
    const opened = objectOpener({ clock, random: () => 0, base: '/', environment })
    const [stuck, well] = [server, other].map(({ endpoint }) => opened('s3://lake/t', { endpoint }))
    const controller = new AbortController()
    server.trouble(...times(50, hang))
    const waiting = Array.from({ length: 50 }, () =>
      told(stuck!.get('file', { maxBytes, signal: controller.signal })),
    )
    await well!.get('file', { maxBytes, signal })
    controller.abort()

    expect(new Set((await Promise.all(waiting)).map((text) => text.split(':')[0]))).toEqual(
      new Set(['timeout']),
    )
  })
})

describe('bodies that break', () => {
  const cut = startBody(10, (response) => response.destroy())

  test('are fetched again', async () => {
    const store = open()
    server.trouble(cut)
    const body = await store.get('file', { maxBytes, signal })

    expect(Buffer.from(body.bytes).toString()).toBe('0123456789')
    expect(store.counters).toMatchObject({ gets: 2, retries: 1, failures: 0, bytes: 14 })
  })

  test('go on where they broke when they are streamed', async () => {
    const long = Buffer.alloc(100_000).map((_, i) => i % 251)
    server.put('t/long', long)
    const store = open()
    const { etag } = await store.head('long', signal)
    server.trouble((_, response) => {
      response.writeHead(200, { 'content-length': long.length, etag: etag! })
      response.write(long.subarray(0, 60_000), () => response.destroy())
    })
    const pieces = await Array.fromAsync(store.stream('long', { maxBytes: 100_000, signal }))

    expect(Buffer.concat(pieces).equals(long)).toBe(true)
    expect(store.counters).toMatchObject({ gets: 2, retries: 1, bytes: 100_000 })
  })

  test('do not go on as another object', async () => {
    server.trouble(cut)

    expect(await told(Array.fromAsync(open().stream('file', { maxBytes, signal })))).toBe(
      'vanished: s3://lake/t/file was replaced while it was read',
    )
  })

  test('are refused when they grow beyond the limit, declared or not', async () => {
    server.trouble((_, response) => {
      response.writeHead(200)
      for (let i = 0; i < 100; i += 1) response.write('x'.repeat(100))
      response.end()
    })

    expect(await told(open().get('file', { maxBytes, signal }))).toMatch(
      /^too-large: s3:\/\/lake\/t\/file has .* at most 1000 B are read$/,
    )
    expect(await told(open().get('file', { maxBytes: 5, signal }))).toBe(
      'too-large: s3://lake/t/file has 10 B; at most 5 B are read',
    )
  })
})

describe('answers of something that is not S3', () => {
  const page: Trouble = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<html><body>Log in</body>')
  }
  const wholeAlways: Trouble = (_, response) => void response.writeHead(200).end('0123456789')
  const sameToken: Trouble = (_, response) =>
    void response.end(
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>',
    )

  test('a web page instead of a listing', async () => {
    server.trouble(...times(4, page))

    expect(await told(Array.fromAsync(open().list('', { signal })))).toMatch(/^unreachable: /)
  })

  test('a server that ignores ranges', async () => {
    server.trouble(wholeAlways)

    expect(await told(open().get('file', { range: { start: 2, end: 4 }, maxBytes, signal }))).toBe(
      'unsupported: http://fake ignores ranges: s3://lake/t/file cannot be read in parts',
    )
  })

  test('a listing that goes in a circle', async () => {
    server.trouble(...times(3, sameToken))

    expect(await told(Array.fromAsync(open().list('', { signal })))).toBe(
      'corrupt: The listing of s3://lake/t goes in a circle: the same continuation token came twice',
    )
  })

  test('keys that lead out of the prefix are reported, the rest is listed', async () => {
    server.put('t/../../x', Buffer.from('x'))
    const problems: string[] = []
    const listed = await Array.fromAsync(
      open().list('', { signal, skipped: ({ reason }) => problems.push(reason) }),
    )

    expect(listed.map(({ key }) => key)).toEqual(['file'])
    expect(problems).toEqual(['outside-root'])
  })
})

describe('places', () => {
  test('without a region say how to set one', async () => {
    const store = objectOpener({ clock, random: () => 0, base: '/', environment })('s3://lake/t')
    // The SDK looks into the process's environment, too.
    expect(process.env['AWS_REGION']).toBeUndefined()
    expect(await told(store.get('file', { maxBytes, signal }))).toBe(
      'unreachable: No AWS region is known for s3://lake/t/file; set region of the source, or AWS_REGION',
    )
  })

  test('come from the standard environment, what a source says goes first', async () => {
    const env = {
      ...environment,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_S3: server.endpoint,
    }
    const opened = objectOpener({ clock, random: () => 0, base: '/', environment: env })
    await opened('s3://lake/t').head('file', signal)
    await opened('s3://lake/t', { endpoint: server.endpoint }).head('file', signal)

    expect(server.requests).toEqual(['HEAD /lake/t/file', 'HEAD /lake/t/file'])
  })
})

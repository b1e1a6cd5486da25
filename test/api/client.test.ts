// What the client makes of a daemon that is away, hangs, refuses, or is no daemon at all.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { explainError, reasonOf } from '../../src/model/errors.ts'
import { millis } from '../../src/model/units.ts'

const servers: http.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function answering(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const failure = async (asked: Promise<unknown>): Promise<[string, string]> => {
  const error = await asked.then(
    () => expect.fail('expected it to be refused'),
    (cause: unknown) => cause,
  )
  return [reasonOf(error), explainError(error).replaceAll(/:\d{4,5}/g, ':PORT')]
}

describe('what is no good answer', () => {
  test.for<[string, http.RequestListener, string, RegExp]>([
    [
      'garbage',
      (_, res) => res.end('<html>hello</html>'),
      'corrupt',
      /PORT\/x answered 200 without JSON: is it a Tidemark\?$/,
    ],
    ['half of it', (_, res) => res.end('{"tables": ['), 'corrupt', /without JSON/],
    [
      'an error page',
      (_, res) => res.writeHead(502).end('Bad Gateway'),
      'corrupt',
      /answered 502 without JSON/,
    ],
    [
      'a way elsewhere',
      (_, res) => res.writeHead(302, { location: 'http://example.com/' }).end(),
      'internal',
      /answered 302$/,
    ],
    [
      'our own error',
      (_, res) => res.writeHead(400).end('{"error":"expected of="}'),
      'internal',
      /^expected of=$/,
    ],
    [
      'an error of Alertmanager',
      (_, res) => res.writeHead(404).end('"no alert x"'),
      'missing',
      /^no alert x$/,
    ],
    ['another error', (_, res) => res.writeHead(500).end('{"a":1}'), 'internal', /PORT\/x answered 500$/],
    [
      'a connection that ends in the middle',
      (_, res) => {
        res.writeHead(200, { 'content-length': '100' }).write('{"a')
        res.socket!.destroySoon()
      },
      'unreachable',
      /no daemon answers at http:\/\/127.0.0.1:PORT; start one/,
    ],
    ['silence', () => undefined, 'timeout', /has not answered \/x for 0\.2 s/],
  ])('%s', async ([, answer, reason, told]) => {
    const url = await answering(answer)
    const [found, text] = await failure(createClient(url, undefined, millis(200)).get('/x'))

    expect(found).toBe(reason)
    expect(text).toMatch(told)
  })
})

test('an answer without end is cut off', async () => {
  const mebibyte = Buffer.alloc(1_048_576, ' ')
  let sent = 0
  const url = await answering((_, res) => {
    const more = () => {
      sent += 1
      if (!res.destroyed) res.write(mebibyte, more)
    }
    more()
  })

  expect(await failure(createClient(url).get('/x'))).toEqual([
    'too-large',
    'the answer of http://127.0.0.1:PORT/x is longer than 67108864 bytes',
  ])
  expect(sent).toBeLessThan(200)
})

describe('who asks', () => {
  const guarded: http.RequestListener = (req, res) =>
    req.headers.authorization === 'Bearer right' || req.headers.authorization === 'Basic YW5uYTpwOnc='
      ? res.end('{"a":1}')
      : res.writeHead(401).end('{"status":"error","error":"expected the header Authorization"}')

  test('is told which token is missing or wrong', async () => {
    const url = await answering(guarded)

    expect(await failure(createClient(url).get('/x'))).toEqual([
      'denied',
      'the daemon asks for a token: give its `api.token` as --token or TIDEMARK_TOKEN',
    ])
    expect(await failure(createClient(url, 'wrong').get('/x'))).toEqual([
      'denied',
      'the daemon refuses this token: give its `api.token` as --token or TIDEMARK_TOKEN',
    ])
    expect(await createClient(url, 'right').get('/x')).toEqual({ a: 1 })
  })

  test('may be named in the URL, which is not repeated', async () => {
    const url = (await answering(guarded)).replace('//', '//anna:p%3Aw@')
    const client = createClient(url)

    expect(await client.get('/x')).toEqual({ a: 1 })
    expect(client.url).not.toContain('anna')
    expect((await failure(createClient('http://anna:secret@127.0.0.1:1').get('/x')))[1]).not.toMatch(
      /anna|secret/,
    )
    expect(() => createClient('anna:secret@host')).toThrow(
      /^--url: expected the URL of a daemon such as [^@]*$/,
    )
  })
})

test('what has not changed is not sent again', async () => {
  const asked: Array<string | undefined> = []
  const url = await answering((req, res) => {
    asked.push(req.headers['if-none-match'])
    if (req.headers['if-none-match'] === 'W/"1"') res.writeHead(304, { etag: 'W/"1"' }).end()
    else res.setHeader('etag', 'W/"1"').end('{"a":1}')
  })
  const client = createClient(`${url}/`)
  const first = await client.getChanged('/x', { id: 'a b' }, null)

  expect(first).toEqual({ answer: { a: 1 }, tag: 'W/"1"' })
  expect(await client.getChanged('/x', { id: 'a b' }, first!.tag)).toBeUndefined()
  expect(await client.get('/x')).toEqual({ a: 1 })
  expect(asked).toEqual([undefined, 'W/"1"', undefined])
})

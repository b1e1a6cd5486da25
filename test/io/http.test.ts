// One request with limits, and the addresses that are never called.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress, resolveAllowed } from '../../src/io/egress.ts'
import { createHttpClient, redactedUrl } from '../../src/io/http.ts'
import { ConfigError } from '../../src/model/errors.ts'
import { bytes, millis } from '../../src/model/units.ts'

let server: http.Server
let base: string
const allowed = createHttpClient(createEgress(['127.0.0.0/8', '::1']))
const { signal } = new AbortController()

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (request.url === '/hang') return
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 10)
    } else if (request.url === '/long') response.end('x'.repeat(5_000))
    else if (request.url === '/away') response.writeHead(302, { location: '/hello' }).end()
    else response.writeHead(200, { 'x-two': ['a', 'b'] }).end(`${request.method} ${request.url}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe('request', () => {
  test('answers with status, headers and body', async () => {
    const answer = await allowed({ method: 'POST', url: `${base}/hello`, body: 'x', signal })

    expect([answer.status, answer.headers['x-two'], answer.text]).toEqual([200, 'a, b', 'POST /hello'])
  })

  test('follows no redirect', async () => {
    expect((await allowed({ method: 'GET', url: `${base}/away`, signal })).status).toBe(302)
  })

  test.for([
    ['/hang', { timeout: millis(50) }, 'timeout', /no complete answer within 50 ms/],
    ['/cut', {}, 'unreachable', /aborted|middle/],
    ['/long', { maxBytes: bytes(1_000) }, 'too-large', /longer than 1000 bytes/],
  ] as const)('%s fails as %s says', async ([path, options, reason, message]) => {
    await expect(allowed({ method: 'GET', url: `${base}${path}`, signal, ...options })).rejects.toMatchObject(
      { name: 'SourceError', reason, message: expect.stringMatching(message) },
    )
  })

  test('nobody there', async () => {
    await expect(
      allowed({ method: 'GET', url: 'http://127.0.0.1:1/secret?token=x', signal }),
    ).rejects.toMatchObject({ reason: 'unreachable', message: expect.not.stringContaining('secret') })
  })

  test('ends when told to', async () => {
    const controller = new AbortController()
    const answer = allowed({ method: 'GET', url: `${base}/hang`, signal: controller.signal })
    controller.abort(new Error('enough'))

    await expect(answer).rejects.toThrow('enough')
  })
})

describe('egress', () => {
  const closed = createEgress([])
  test.for([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::',
    'ff02::1',
  ])('%s is refused', (address) => {
    expect(closed.refusal(address)).toBeDefined()
  })

  test.for(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '64:ff9b::8.8.8.8'])('%s is allowed', (address) => {
    expect(closed.refusal(address)).toBeUndefined()
  })

  test('an allow list opens private ranges, never metadata', () => {
    const open = createEgress(['10.0.0.0/8', '169.254.0.0/16', '::/0', '0.0.0.0/0'])

    expect([open.refusal('10.1.2.3'), open.refusal('::ffff:10.1.2.3')]).toEqual([undefined, undefined])
    expect(open.refusal('169.254.169.254')).toMatch(/never called/)
    expect(open.refusal('fd00:ec2::254')).toMatch(/never called/)
    expect(() => createEgress(['10.0.0.0/99'])).toThrow(ConfigError)
  })

  test.for([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'http://localhost/',
    'http://0.0.0.0/',
    'http://①②⑦.0.0.1/',
  ])('%s is not called', async (url) => {
    await expect(createHttpClient(closed)({ method: 'GET', url, signal })).rejects.toMatchObject({
      reason: 'denied',
    })
  })

  test('only http and https', async () => {
    await expect(allowed({ method: 'GET', url: 'file:///etc/passwd', signal })).rejects.toMatchObject({
      reason: 'unsupported',
    })
  })

  test('resolves for libraries that look up by themselves', async () => {
    expect(await resolveAllowed('127.0.0.1', createEgress(['127.0.0.0/8']))).toBe('127.0.0.1')
    await expect(resolveAllowed('localhost', closed)).rejects.toMatchObject({ reason: 'denied' })
  })

  test('any IPv6 text is judged without a throw', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(['string', 'undefined']).toContain(typeof closed.refusal(address))
      }),
    )
  })
})

test('redacted URLs keep scheme and host only', () => {
  expect(redactedUrl('https://user:pw@hooks.example.com/services/T0/secret?x=y')).toBe(
    'https://hooks.example.com/…',
  )
})

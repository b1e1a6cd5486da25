// TLS with certificates that openssl makes: the server's own, and clients' where they are asked for.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { serve } from '../../src/api/api.ts'
import { ApiConfig } from '../../src/config/api.ts'
import { localFiles } from '../../src/io/files.ts'
import { millis } from '../../src/model/units.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-tls-'))
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

execFileSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'.split(
    ' ',
  ),
  { cwd: folder, stdio: 'pipe' },
)
const pem = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8')

const listen = (tls: object) =>
  serve(
    ApiConfig.parse({
      listen: '127.0.0.1:0',
      token: 't0ken-of-the-api',
      tls_server_config: { cert_file: 'cert.pem', key_file: 'key.pem', ...tls },
    }),
    {
      files: localFiles(folder),
      monotonic: () => millis(performance.now()),
      known: { facts: () => [], recorded: () => [] },
      scrape: async function* () {},
      ready: () => true,
      reload: async () => undefined,
      routes: [],
    },
  )

const status = (url: string, options: https.RequestOptions): Promise<number | string> =>
  new Promise((resolve) => {
    https
      .get(url, { ca: pem('cert.pem'), ...options }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })

test('TLS 1.2 and up, and the token beneath it', async () => {
  await using server = await listen({})
  const authorization = 'Bearer t0ken-of-the-api'

  expect(server.url).toMatch(/^https:/)
  expect(await status(`${server.url}/-/healthy`, {})).toBe(200)
  expect(await status(`${server.url}/metrics`, {})).toBe(401)
  expect(await status(`${server.url}/metrics`, { headers: { authorization } })).toBe(200)
  expect(await status(`${server.url}/-/healthy`, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).not.toBe(
    200,
  )
})

test('without a certificate that is known nobody comes in where certificates are asked for', async () => {
  await using server = await listen({
    client_auth_type: 'RequireAndVerifyClientCert',
    client_ca_file: 'cert.pem',
  })

  expect(await status(`${server.url}/-/healthy`, {})).not.toBe(200)
  expect(await status(`${server.url}/-/healthy`, { cert: pem('cert.pem'), key: pem('key.pem') })).toBe(200)
})

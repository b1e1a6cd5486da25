import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { configJsonSchema, parseConfig } from '../../src/config/config.ts'
import type { SecretSources } from '../../src/config/yaml.ts'

const secrets: SecretSources = {
  env: (name) => ({ TOKEN: 'hunter2hunter2' })[name],
  file: (name) => {
    if (name === '/run/secrets/key') return 'from-a-file\n'
    throw new Error('no such file')
  },
}
const parse = (text: string) => parseConfig('tidemark.yaml', text, secrets)
const good = 'sources:\n  - { name: lake, type: lake, path: s3://lake }\n'

describe('a good config', () => {
  test('is filled with defaults and prints back what it means', () => {
    expect(parse(good).printable).toMatchObject({
      state: '.tidemark',
      log: 'info',
      resolution: '1m',
      api: { listen: '127.0.0.1:9464' },
      retention: { samples: '75d', commits: '400d', runs: '90d' },
      sources: [
        {
          name: 'lake',
          type: 'lake',
          every: '1m',
          path: 's3://lake',
          include: ['**'],
          exclude: [],
          discover: '10m',
          event_time: {},
        },
      ],
    })
  })

  test('its secrets are resolved, and hidden when it is printed', () => {
    const { config, printable } = parse(
      'sources:\n  - { name: a, type: lake, path: "s3://${env:TOKEN}/${file:/run/secrets/key}" }\n',
    )

    expect(config.sources[0]).toHaveProperty('path', 's3://hunter2hunter2/from-a-file')
    expect(JSON.stringify(printable)).not.toContain('hunter2')
    expect(JSON.stringify(printable)).toContain('s3://<redacted>/<redacted>')
  })

  test('an alertmanager.yml is taken as it is, and its errors name its lines', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-config-'))
    const load = (alertmanager: string) => {
      fs.writeFileSync(path.join(folder, 'alertmanager.yml'), alertmanager)
      return parseConfig(
        path.join(folder, 'tidemark.yaml'),
        `${good}notify_file: alertmanager.yml\n`,
        secrets,
      )
    }

    expect(
      load(
        'route:\n  receiver: hook\nreceivers:\n  - name: hook\n    webhook_configs: [{ url: "https://example.com" }]\n',
      ).notify.route.receiver,
    ).toBe('hook')
    expect(() => load('route:\n  receiver: nobody\nreceivers: []\n')).toThrow(
      /alertmanager\.yml:2:3: route\.receiver/,
    )
    fs.rmSync(folder, { recursive: true })
  })

  test('prices that are to be refreshed are a source of their own, once', () => {
    const sources = (text: string) =>
      parse(`${good}${text}\n`).config.sources.map(({ name, type }) => `${name} ${type}`)
    const refresh = 'advise: { prices: { region: eu-central-1, refresh: true } }'
    expect(sources(refresh).at(-1)).toBe('aws-pricing aws-pricing')
    expect(sources('advise: { prices: { region: eu-central-1 } }')).not.toContain('aws-pricing aws-pricing')
    const own = '  - { name: list, type: aws-pricing, region: eu-central-1 }'
    expect(sources(`${own}\n${refresh}`).at(-1)).toBe('list aws-pricing')
    expect(() => sources(`  - { name: aws-pricing, type: push }\n${refresh}`)).toThrow(
      /the name aws-pricing is taken/,
    )
  })

  test('has a JSON Schema', () => {
    expect(configJsonSchema()).toMatchObject({ type: 'object', properties: { sources: { type: 'array' } } })
  })
})

describe('a bad config names the line and what was expected', () => {
  test.for<[string, string, RegExp]>([
    [
      'an unknown field',
      `${good}colour: red\n`,
      /^tidemark\.yaml:3:1: colour: unknown field "colour"; known are advise, api, expect, /,
    ],
    [
      'a field that is almost one',
      'sources:\n  - { name: a, type: lake, path: x, evry: 1m }\n',
      /^tidemark\.yaml:2:37: sources\.0\.evry: unknown field "evry"; did you mean every\?$/,
    ],
    [
      'a field of another type of source',
      'sources:\n  - { name: a, type: push, path: x }\n',
      /unknown field "path"; known are every, name, namespace, token, type$/,
    ],
    [
      'an unknown field of a source',
      'sources:\n  - name: a\n    type: lake\n    path: x\n    pth: y\n',
      /^tidemark\.yaml:5:5: sources\.0\.pth: unknown field "pth"; known are .*path/,
    ],
    [
      'a duration that is none',
      'sources:\n  - name: a\n    type: lake\n    path: x\n    every: often\n',
      /^tidemark\.yaml:5:5: sources\.0\.every: expected a duration of at least 1s such as 30s, 5m or 1h30m, found "often"$/,
    ],
    [
      'an unknown type',
      'sources:\n  - name: a\n    type: lakes\n',
      /^tidemark\.yaml:3:5: sources\.0\.type: .*lake/,
    ],
    ['no source', 'state: x\n', /^tidemark\.yaml:1:1: sources: /],
    ['an empty file', '', /^tidemark\.yaml:1:1: sources: is missing; expected array$/],
    [
      'a variable as shells write it',
      'sources:\n  - { name: a, type: lake, path: "${LAKE}" }\n',
      /^tidemark\.yaml:2:34: \$\{LAKE\} is not replaced; write \$\{env:LAKE\} for the environment variable$/,
    ],
    [
      'several things, from the top',
      'state: 1\nsources:\n  - { name: a, type: lake }\nlog: 2\n',
      /^tidemark\.yaml:1:1: state: .*\n.*3:5: sources\.0\.path: is missing; expected string\n.*4:1: log: /,
    ],
    [
      'a name used twice',
      'sources:\n  - { name: a, type: lake, path: x }\n  - { name: a, type: lake, path: y }\n',
      /^tidemark\.yaml:3:7: sources\.1\.name: the name a is used twice$/,
    ],
    [
      'a missing variable',
      'sources:\n  - { name: a, type: lake, path: "${env:NOPE}" }\n',
      /^tidemark\.yaml:2:34: \$\{env:NOPE\}: the environment variable NOPE is not set$/,
    ],
    [
      'a missing secret file',
      'sources:\n  - { name: a, type: lake, path: "${file:/nope}" }\n',
      /^tidemark\.yaml:2:34: \$\{file:\/nope\}: cannot read the file: no such file$/,
    ],
    ['a key given twice', 'state: a\nstate: b\n', /^tidemark\.yaml:2:1: Map keys must be unique/],
    ['broken YAML', 'sources: [\n', /^tidemark\.yaml:\d+:\d+: /],
    ['a prototype key', `${good}__proto__: {}\n`, /^tidemark\.yaml:3:1: the key __proto__ is not allowed$/],
    [
      'an address without a port',
      `${good}api: { listen: localhost }\n`,
      /^tidemark\.yaml:3:8: api\.listen: expected host:port/,
    ],
  ])('%s', ([, text, message]) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringMatching(message) }),
    )
  })
})

describe('where it listens', () => {
  const api = (text: string) => parse(`${good}api: ${text}\n`)
  const HASH = '$2b$04$rjxIUIaJ0y3pDHGgkuDYNuMPdEIkX7dMVtVQVcc3XqFZm1f1w3rPa'

  test.for([
    "{ listen: '0.0.0.0:9464' }",
    "{ listen: '[::]:9464' }",
    "{ listen: '10.1.2.3:9464' }",
    "{ listen: 'tidemark.example.com:9464' }",
    "{ listen: '127.0.0.1.example.com:9464' }",
  ])('%s needs TLS, a token or users', (text) => {
    expect(() => api(text)).toThrow(/tidemark.yaml:3:\d+: api.listen: .* can be reached by others/)
  })

  test.for([
    "{ listen: '127.0.0.1:9464' }",
    "{ listen: '127.9.9.9:9464' }",
    "{ listen: '[::1]:9464' }",
    "{ listen: 'localhost:9464' }",
    "{ listen: '0.0.0.0:9464', token: '${env:TOKEN}' }",
    `{ listen: '0.0.0.0:9464', basic_auth_users: { grafana: '${HASH}' } }`,
    "{ listen: '0.0.0.0:9464', tls_server_config: { cert_file: a, key_file: b } }",
  ])('%s is good', (text) => {
    expect(api(text).config.api.listen).toMatch(/:9464$/)
  })

  test('a password instead of its hash is refused, and hashes are not printed', () => {
    expect(() => api("{ basic_auth_users: { grafana: 'hunter2' } }")).toThrow(/expected a bcrypt hash/)
    expect(JSON.stringify(api(`{ basic_auth_users: { grafana: '${HASH}' } }`).printable)).not.toContain(HASH)
  })
})

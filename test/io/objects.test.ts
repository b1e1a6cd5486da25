// Object stores: the shared contract over local folders and S3, and what is particular to each location.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/io/clock.ts'
import { type ObjectOptions, objectOpener } from '../../src/io/objects.ts'
import type { SourceError } from '../../src/model/errors.ts'
import { startFakeS3 } from './fake-s3.ts'
import { type Place, objectStoreContract } from './object-store-contract.ts'

const environment = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-west-1' }
const opener = (base: string) => objectOpener({ clock: systemClock, random: () => 0, base, environment })
const { signal } = new AbortController()
const maxBytes = 1_000

async function folder(): Promise<Place & { readonly dir: string; readonly root: string }> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'tidemark-objects-'))
  const root = path.join(dir, 'lake')
  await fs.mkdir(root)
  return {
    dir,
    root,
    store: opener(dir)('lake'),
    async put(key, bytes) {
      await fs.mkdir(path.dirname(path.join(root, key)), { recursive: true })
      await fs.writeFile(path.join(root, key), bytes)
    },
    putOutside: (name, bytes) => fs.writeFile(path.join(dir, name), bytes),
    [Symbol.asyncDispose]: () => fs.rm(dir, { recursive: true }),
  }
}

async function fake(prefix: string): Promise<Place> {
  const server = await startFakeS3('bucket')
  const location = `s3://bucket/${prefix}`
  return {
    store: opener('/')(location, { endpoint: server.endpoint }),
    put: async (key, bytes) => server.put(prefix + key, bytes),
    // Beside a whole bucket there is nothing.
    putOutside: async (name, bytes) => void (prefix !== '' && server.put(`team/${name}`, bytes)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

objectStoreContract('local folder', folder)
objectStoreContract('S3 bucket', () => fake(''))
objectStoreContract('S3 prefix', () => fake('team/lake/'))

describe('local folders', () => {
  test('links that lead out of the root are not followed; links within it are', async () => {
    await using place = await folder()
    const { root, store, dir } = place
    await place.put('in/file', Buffer.from('inside'))
    await place.put('other', Buffer.from('of the lake'))
    await fs.mkdir(path.join(dir, 'out'))
    await fs.writeFile(path.join(dir, 'out/file'), 'outside')
    await fs.symlink('../../out/file', path.join(root, 'in/leads-out'))
    await fs.symlink('../out', path.join(root, 'folder-out'))
    await fs.symlink('in/file', path.join(root, 'link'))
    await fs.symlink('in', path.join(root, 'linked'))
    await fs.symlink('..', path.join(root, 'in/circle'))
    await fs.symlink('nowhere', path.join(root, 'dangling'))
    const problems: SourceError[] = []
    const listed = await Array.fromAsync(
      store.list('', { signal, skipped: (problem) => problems.push(problem) }),
    )

    expect(listed.map(({ key }) => key)).toEqual(['in/file', 'link', 'other'])
    expect(problems.map(({ reason, subject }) => [reason, subject])).toEqual([
      ['outside-root', store.urlOf('folder-out')],
      ['outside-root', store.urlOf('in/leads-out')],
    ])
    for (const key of ['in/leads-out', 'folder-out/file', 'linked/leads-out'])
      await expect(store.get(key, { maxBytes, signal })).rejects.toMatchObject({ reason: 'outside-root' })
    expect(Buffer.from((await store.get('linked/file', { maxBytes, signal })).bytes).toString()).toBe(
      'inside',
    )
    await expect(store.below('folder-out').get('file', { maxBytes, signal })).rejects.toMatchObject({
      reason: 'outside-root',
    })
    // What is linked into a table from elsewhere in the lake is outside of the table.
    await expect(store.below('linked').get('circle/other', { maxBytes, signal })).rejects.toMatchObject({
      reason: 'outside-root',
    })
    await expect(Array.fromAsync(store.list('', { signal }))).rejects.toMatchObject({
      reason: 'outside-root',
    })
  })

  test('a pipe is no object, and does not hold anyone up', async () => {
    await using place = await folder()
    execFileSync('mkfifo', [path.join(place.root, 'pipe')])

    expect(await Array.fromAsync(place.store.list('', { signal }))).toEqual([])
    await expect(place.store.get('pipe', { maxBytes, signal })).rejects.toMatchObject({ reason: 'missing' })
  })

  test('a name that is not UTF-8 is reported, the rest is listed', async () => {
    await using place = await folder()
    await place.put('good', Buffer.from('x'))
    await fs.writeFile(Buffer.concat([Buffer.from(`${place.root}/bad`), Buffer.of(0xff)]), 'x')
    const problems: SourceError[] = []
    const listed = await Array.fromAsync(
      place.store.list('', { signal, skipped: (problem) => problems.push(problem) }),
    )

    expect(listed.map(({ key }) => key)).toEqual(['good'])
    expect(problems.map(({ message }) => message)).toEqual([
      `Could not look at ${place.store.urlOf('bad\u{fffd}')}: its name is not UTF-8`,
    ])
  })

  test('a root that is gone is unreachable: no object of it is «missing»', async () => {
    await using place = await folder()
    await place.put('file', Buffer.from('x'))
    const below = place.store.below('deep')
    await fs.rename(place.root, `${place.root}-unmounted`)

    for (const work of [
      () => place.store.get('file', { maxBytes, signal }),
      () => place.store.head('file', signal),
      () => Array.fromAsync(place.store.list('', { signal })),
      () => Array.fromAsync(below.list('', { signal })),
      () => below.get('file', { maxBytes, signal }),
    ])
      await expect(work()).rejects.toMatchObject({
        reason: 'unreachable',
        message: `The folder ${place.root} is not there; check the path, and that its disk is mounted`,
      })
  })
})

describe('locations', () => {
  const open = (location: string, options?: ObjectOptions) => opener('/base')(location, options).url

  test('are folders, file URLs and S3 prefixes', () => {
    expect(open('lake/gold/')).toBe('file:///base/lake/gold')
    expect(open('/data/a b%')).toBe('file:///data/a%20b%25')
    expect(open('file:///data/a%20b/')).toBe('file:///data/a%20b')
    expect(open(open('/data/a b%'))).toBe('file:///data/a%20b%25')
    expect(open('s3://bucket')).toBe('s3://bucket')
    expect(open('s3a://bucket/pre fix/%20/')).toBe('s3://bucket/pre fix/%20')
  })

  test.for([
    ['gs://bucket/x', "'gs:' is not read; give s3://bucket/prefix, file:///folder or a path"],
    ['file://host/x', 'is not a file URL of this machine'],
    ['s3://', 'write s3://bucket/prefix'],
    ['s3://key:secret@bucket/x', 'write s3://bucket/prefix'],
    ['s3://bucket/a/../b', 'write s3://bucket/prefix'],
  ])('%s is refused with what was expected', ([location, message]) => {
    expect(() => open(location!)).toThrow(message!)
  })

  test('an endpoint must be a URL; what is wrong with it is said without repeating it', () => {
    expect(() => open('s3://bucket', { endpoint: 'key:secret@host' })).toThrow(
      'The S3 endpoint must be a URL such as https://s3.example.com',
    )
  })
})

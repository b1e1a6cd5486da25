// What every object store does, whatever it stands on. Run over local folders, a fake S3, and live servers.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceError, reasonOf } from '../../src/model/errors.ts'
import type { ObjectStore } from '../../src/io/object-store.ts'

export interface Place extends AsyncDisposable {
  /** Opens the store; its root is a folder with other things beside it. */
  readonly store: ObjectStore
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Puts something beside the root that no key may reach. */
  putOutside(name: string, bytes: Uint8Array): Promise<void>
}

const { signal } = new AbortController()
const maxBytes = 1_000_000
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

const KEYS = ['a-b', 'a.txt', 'a/b', 'a/c/d e+f%20.json', 'a/é', 'a0', 'z/\u{ffee}', 'z/\u{1f600}']

const reasonFrom = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof SourceError ? error.reason : `not a SourceError: ${String(error)}`
  }
}

async function filled(open: () => Promise<Place>): Promise<Place> {
  const place = await open()
  for (const key of KEYS) await place.put(key, bytes(`content of ${key}`))
  await place.putOutside('secret', bytes('secret'))
  return place
}

const keysOf = async (entries: AsyncIterable<{ key: string } | { folder: string }>): Promise<string[]> =>
  Array.fromAsync(entries, (entry) => ('key' in entry ? entry.key : entry.folder))

export function objectStoreContract(name: string, open: () => Promise<Place>): void {
  describe(`object store: ${name}`, () => {
    test('lists everything below a folder in the order of UTF-8 bytes', async () => {
      await using place = await filled(open)
      const { store } = place

      expect(await keysOf(store.list('', { signal }))).toEqual(KEYS)
      expect(await keysOf(store.list('a', { signal }))).toEqual(KEYS.filter((key) => key.startsWith('a/')))
      expect(await keysOf(store.list('a/', { signal, limit: 2 }))).toEqual(['a/b', 'a/c/d e+f%20.json'])
      expect(await keysOf(store.list('a', { signal, startAfter: 'a/b' }))).toEqual(KEYS.slice(3, 5))
      expect(await keysOf(store.list('', { signal, startAfter: 'a/c/' }))).toEqual(KEYS.slice(3))
      expect(await keysOf(store.list('nowhere', { signal }))).toEqual([])
    })

    test('tells size, time and etag of what it lists', async () => {
      await using place = await filled(open)
      const listed = await Array.fromAsync(place.store.list('a', { signal, limit: 1 }))

      expect(listed).toEqual([await place.store.head('a/b', signal)])
      expect(listed[0]).toMatchObject({ key: 'a/b', size: 14, etag: expect.any(String) })
      expect(new Date(listed[0]!.modified).getUTCFullYear()).toBeGreaterThan(2000)
    })

    test('lists what is directly in a folder', async () => {
      await using place = await filled(open)
      const { store } = place

      expect(await keysOf(store.children('', { signal }))).toEqual(['a-b', 'a.txt', 'a/', 'a0', 'z/'])
      expect(await keysOf(store.children('a', { signal }))).toEqual(['a/b', 'a/c/', 'a/é'])
      expect(await keysOf(store.children('', { signal, startAfter: 'a/', limit: 1 }))).toEqual(['a0'])
    })

    test('pages through a folder of more than a thousand objects', async () => {
      await using place = await open()
      const keys = Array.from({ length: 1_050 }, (_, i) => `many/${String(i).padStart(5, '0')}`)
      await Promise.all(keys.map((key) => place.put(key, new Uint8Array(0))))

      expect(await keysOf(place.store.list('many', { signal }))).toEqual(keys)
    })

    test('reads whole objects, parts, and nothing when it is the same as before', async () => {
      await using place = await filled(open)
      const { store } = place
      const whole = await store.get('a/é', { maxBytes, signal })
      const part = (start: number, end: number) =>
        store.get('a/é', { range: { start, end }, maxBytes, signal }).then((body) => text(body.bytes))

      expect(text(whole.bytes)).toBe('content of a/é')
      expect(await part(0, 7)).toBe('content')
      expect(await part(8, 10)).toBe('of')
      expect(await part(11, 999)).toBe('a/é')
      expect(await part(3, 3)).toBe('')
      expect(await store.get('a/é', { ifNoneMatch: whole.etag!, maxBytes, signal })).toBeNull()
      expect(text((await store.get('a/é', { ifNoneMatch: '"other"', maxBytes, signal })).bytes)).toBe(
        'content of a/é',
      )
    })

    test('streams an object in pieces', async () => {
      await using place = await open()
      const long = new Uint8Array(3_000_000).map((_, i) => i % 251)
      await place.put('long', long)
      const pieces = await Array.fromAsync(place.store.stream('long', { maxBytes: 3_000_000, signal }))

      expect(pieces.length).toBeGreaterThan(1)
      expect(Buffer.concat(pieces).equals(long)).toBe(true)
    })

    test('is a random-access source with the bytes of the object', async () => {
      await using place = await open()
      await place.put('bytes', bytes('0123456789'))

      for (const known of [{}, { size: 10 }]) {
        const source = await place.store.source('bytes', { ...known, signal })

        expect(source.byteLength).toBe(10)
        expect(text(await source.slice(2, 4))).toBe('23')
        expect(text(await source.slice(8))).toBe('89')
        expect(text(await source.slice(5, 5))).toBe('')
      }
    })

    test('says when a source is replaced while it is read', async () => {
      await using place = await open()
      await place.put('bytes', bytes('0123456789'))
      const source = await place.store.source('bytes', { signal })
      await source.slice(0, 4)
      await place.put('bytes', bytes('abcdefghijklm'))

      expect(await reasonFrom(source.slice(4, 8))).toBe('vanished')
    })

    test('names the reason and the object of what cannot be read', async () => {
      await using place = await filled(open)
      const { store } = place

      expect(await reasonFrom(store.get('none', { maxBytes, signal }))).toBe('missing')
      expect(await reasonFrom(store.head('none', signal))).toBe('missing')
      expect(await reasonFrom(store.get('a', { maxBytes, signal }))).toBe('missing')
      expect(await reasonFrom(store.get('a/b/c', { maxBytes, signal }))).toBe('missing')
      expect(await reasonFrom(Array.fromAsync(store.stream('none', { maxBytes, signal })))).toBe('missing')
      expect(await reasonFrom(store.get('a.txt', { maxBytes: 5, signal }))).toBe('too-large')
      expect(await reasonFrom(Array.fromAsync(store.stream('a.txt', { maxBytes: 5, signal })))).toBe(
        'too-large',
      )
      expect(await reasonFrom(store.get('a.txt', { range: { start: 99, end: 100 }, maxBytes, signal }))).toBe(
        'corrupt',
      )
      await expect(store.get('none', { maxBytes, signal })).rejects.toMatchObject({
        subject: store.urlOf('none'),
        message: expect.stringContaining(store.urlOf('none')),
      })
    })

    test('stops when it is told to', async () => {
      await using place = await filled(open)
      const aborted = AbortSignal.abort()

      expect(await reasonFrom(place.store.get('a.txt', { maxBytes, signal: aborted }))).toBe('timeout')
      expect(await reasonFrom(Array.fromAsync(place.store.list('', { signal: aborted })))).toBe('timeout')
    })

    test('shares its counters with the stores below it', async () => {
      await using place = await filled(open)
      const below = place.store.below('a')
      const before = { ...place.store.counters }

      expect(below.url).toBe(place.store.urlOf('a'))
      expect(text((await below.get('b', { maxBytes, signal })).bytes)).toBe('content of a/b')
      expect(await keysOf(below.below('c/').list('', { signal }))).toEqual(['d e+f%20.json'])
      await reasonFrom(below.head('none', signal))
      await reasonFrom(below.get('b', { maxBytes: 1, signal }))

      expect(place.store.counters).toEqual({
        gets: before.gets + 2,
        lists: before.lists + 1,
        heads: before.heads + 1,
        bytes: before.bytes + 14,
        retries: 0,
        failures: before.failures + 1,
      })
    })

    test('opens nothing outside of its root, whatever the key', async () => {
      await using place = await filled(open)
      const outside = (key: string) =>
        Promise.all([
          reasonFrom(place.store.get(key, { maxBytes, signal })),
          reasonFrom(place.store.head(key, signal)),
          reasonFrom(place.store.source(key, { size: 1, signal }).then((source) => source.slice(0, 1))),
          reasonFrom(Array.fromAsync(place.store.stream(key, { maxBytes, signal }))),
          reasonFrom(Array.fromAsync(place.store.list(key, { signal }))),
        ])

      for (const key of ['../secret', 'a/../../secret', '/etc/hostname', 'a\0b', '..', 'a/..'])
        expect(await outside(key)).toEqual(Array(5).fill('outside-root'))
      expect(() => place.store.below('../x')).toThrow("contains '..'")
    })

    test('any key gives content of its own, or a SourceError', async () => {
      await using place = await filled(open)
      const part = fc.oneof(
        fc.constantFrom('..', '.', '', 'a', 'b', 'secret', '%2e%2e', '\\', '~', '\0', '$HOME', 'é'),
        fc.string({ maxLength: 12, unit: 'binary' }),
      )
      const key = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
      await fc.assert(
        fc.asyncProperty(key, async (hostile) => {
          const found = await place.store.get(hostile, { maxBytes, signal }).then(
            (body) => text(body.bytes),
            (error: unknown) => error,
          )

          if (typeof found === 'string') expect(found).toMatch(/^content of/)
          else expect(reasonOf(found)).not.toBe('internal')
        }),
        { numRuns: 300 },
      )
    })
  })
}

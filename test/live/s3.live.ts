// Object stores and the lake collector against moto's S3, with tables written meanwhile by deltalake and pyiceberg.
import net from 'node:net'
import path from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lake } from '../../src/collectors/lake/lake.ts'
import { systemClock } from '../../src/io/clock.ts'
import { type Io, createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import type { ObjectCounters } from '../../src/io/object-store.ts'
import type { CommitFact, Fact } from '../../src/model/facts.ts'
import { MINUTE, SECOND, timestamp } from '../../src/model/units.ts'
import { type Place, objectStoreContract } from '../io/object-store-contract.ts'
import { type Server, type Worker, pythonProgram, startServer, startWorker } from './servers.ts'

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' }

const startMoto = (): Promise<Server> =>
  startServer(
    pythonProgram('moto_server'),
    (port) => ['-H', '127.0.0.1', '-p', String(port)],
    async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
  )

const client = (endpoint: string): S3Client =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })

const openIo = (endpoint: string, environment: object = KEYS): Io =>
  createIo({
    clock: systemClock,
    log: createLog('silent'),
    base: '/',
    environment: { ...environment, AWS_ENDPOINT_URL: endpoint },
  })

let moto: Server
let admin: S3Client
let buckets = 0
beforeAll(async () => {
  moto = await startMoto()
  admin = client(moto.url)
})
afterAll(async () => {
  admin.destroy()
  await moto[Symbol.asyncDispose]()
})

async function makeBucket(): Promise<string> {
  buckets += 1
  const bucket = `bucket-${buckets}`
  await admin.send(new CreateBucketCommand({ Bucket: bucket }))
  return bucket
}

objectStoreContract('S3 prefix in moto', async (): Promise<Place> => {
  const bucket = await makeBucket()
  const put = async (key: string, bytes: Uint8Array) =>
    void (await admin.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })))
  return {
    store: openIo(moto.url).objects(`s3://${bucket}/team/lake`),
    put: (key, bytes) => put(`team/lake/${key}`, bytes),
    putOutside: (name, bytes) => put(`team/${name}`, bytes),
    [Symbol.asyncDispose]: async () => {},
  }
})

/** The collector over a path, polled by hand at given times, with the requests that each poll made. */
function watch(io: Io, location: string) {
  const counters: Array<Readonly<ObjectCounters>> = []
  const counted: Io = {
    ...io,
    objects(...args) {
      const store = io.objects(...args)
      counters.push(store.counters)
      return store
    },
  }
  const config = lake.Config.parse({ path: location, discover: '10m' })
  const source = lake.connect({ name: 'lake', every: MINUTE }, config, counted)
  if (source.mode !== 'poll') throw new Error('the lake is polled')
  let now = Date.now()
  const requests = () => counters.reduce((sum, { gets, heads, lists }) => sum + gets + heads + lists, 0)
  return {
    async poll(later: number = SECOND): Promise<{ facts: Fact[]; commits: CommitFact[]; requests: number }> {
      now += later
      const before = requests()
      const signal = AbortSignal.timeout(60_000)
      const facts = await Array.fromAsync(source.poll({ now: timestamp(now), cursor: undefined, signal }))
      const commits = facts.filter((fact) => fact.kind === 'commit')
      return { facts, commits, requests: requests() - before }
    },
  }
}

describe('tables written while they are watched', () => {
  const TABLES = [
    { format: 'delta', table: 'bronze/events' },
    { format: 'delta', table: 'gold/orders' },
    { format: 'iceberg', table: 'silver/items' },
    { format: 'iceberg', table: 'gold/customers' },
  ] as const
  /** What is done between two polls; several commits, or none, may fall between them. */
  const ROUNDS = [
    ['append'],
    ['append', 'append', 'append'],
    [],
    ['delete'],
    ['overwrite', 'append'],
    ['optimize'],
    ['checkpoint', 'append'],
    ['append', 'delete', 'append', 'append'],
  ]

  test('every commit is seen once, in order, within one poll', async () => {
    const bucket = await makeBucket()
    const location = `s3://${bucket}/lake`
    await using writer: Worker = startWorker(pythonProgram('python'), [
      path.join(import.meta.dirname, 'lake-writer.py'),
      moto.url,
      location,
    ])
    const versions = new Map<string, string[]>()
    const write = async (one: (typeof TABLES)[number], action: string, number: number) => {
      if (one.format === 'iceberg' && (action === 'optimize' || action === 'checkpoint')) return
      versions.set(one.table, (await writer.ask({ ...one, action, number })) as string[])
    }
    for (const one of TABLES) await write(one, 'append', 0)
    const watched = watch(openIo(moto.url), location)
    const seen = new Map<string, string[]>(TABLES.map(({ table }) => [table, []]))
    const pollAndCompare = async () => {
      const { facts, commits } = await watched.poll()
      for (const { table, version } of commits) seen.get(table)!.push(version)

      expect(facts.filter((fact) => fact.kind === 'problem')).toEqual([])
      expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(versions))
    }
    await pollAndCompare()
    let number = 0
    for (const actions of ROUNDS) {
      for (const action of actions) {
        number += 1
        for (const one of TABLES) await write(one, action, number)
      }
      await pollAndCompare()
    }

    expect([...versions.values()].map((list) => list.length >= 10)).toEqual([true, true, true, true])
  })

  test('a quiet Delta table costs one request a poll', async () => {
    const bucket = await makeBucket()
    const location = `s3://${bucket}/lake`
    await using writer = startWorker(pythonProgram('python'), [
      path.join(import.meta.dirname, 'lake-writer.py'),
      moto.url,
      location,
    ])
    for (const table of ['a', 'b', 'c'])
      for (const number of [0, 1, 2]) await writer.ask({ format: 'delta', table, action: 'append', number })
    const watched = watch(openIo(moto.url), location)
    await watched.poll()

    expect((await watched.poll()).requests).toBe(3)
    expect((await watched.poll()).requests).toBe(3)
  })
})

describe('trouble', () => {
  /** Accepts connections and never says a word. */
  async function startSilence(): Promise<{ url: string } & AsyncDisposable> {
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => void sockets.add(socket.on('error', () => {})))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return {
      url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => {
          server.close(resolve)
        })
      },
    }
  }

  test('an endpoint that hangs delays no other source by a second', async () => {
    const bucket = await makeBucket()
    const location = `s3://${bucket}/lake`
    await using writer = startWorker(pythonProgram('python'), [
      path.join(import.meta.dirname, 'lake-writer.py'),
      moto.url,
      location,
    ])
    await writer.ask({ format: 'delta', table: 'a', action: 'append', number: 0 })
    await using silence = await startSilence()
    const io = openIo(moto.url)
    const stuck = io.objects('s3://anything/lake', { endpoint: silence.url })
    const given = new AbortController()
    let ended = 0
    const waiting = Array.from({ length: 100 }, (_, i) =>
      stuck.get(`${i}`, { maxBytes: 1, signal: given.signal }).catch((error: unknown) => {
        ended += 1
        return error
      }),
    )
    const watched = watch(io, location)
    const lengths: number[] = []
    for (let i = 0; i < 10; i += 1) {
      const start = performance.now()
      await watched.poll()
      lengths.push(performance.now() - start)
    }

    expect(ended).toBe(0)
    // The first poll loads the SDK and finds the table.
    expect(Math.max(...lengths.slice(1))).toBeLessThan(1_000)

    given.abort()
    const errors = await Promise.all(waiting)

    expect(errors.every((error) => (error as { reason?: string }).reason === 'timeout')).toBe(true)
  })

  test('a bucket without permission says which permission is missing', async () => {
    await using strict = await startMoto()
    const iam = startWorker(pythonProgram('python'), [
      path.join(import.meta.dirname, 'strict-user.py'),
      strict.url,
    ])
    const keys = (await iam.ask({ readable: 'open' })) as Record<string, string>
    await iam[Symbol.asyncDispose]()
    const io = openIo(strict.url, { ...KEYS, ...keys })
    const ask = { maxBytes: 100, signal: AbortSignal.timeout(30_000) }

    expect(Buffer.from((await io.objects('s3://open').get('file', ask)).bytes).toString()).toBe('content')
    await expect(io.objects('s3://closed').get('file', ask)).rejects.toMatchObject({
      reason: 'denied',
      message: expect.stringContaining('the credentials need s3:GetObject on arn:aws:s3:::closed/file'),
    })
    await expect(Array.fromAsync(io.objects('s3://closed').list('', ask))).rejects.toMatchObject({
      reason: 'denied',
      message: expect.stringContaining('the credentials need s3:ListBucket on arn:aws:s3:::closed'),
    })
  })
})

// The terminal UI on 5,000 tables, in a real terminal (util-linux's script): first frame, key to frame, idle CPU, memory.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import { entityTags } from '../../src/api/etag.ts'
import { NOW, aTable } from '../model/a-table.ts'

const TABLES = 5_000
/** As `npm run top` starts it. */
const FLAGS = '--max-semi-space-size=8 --max-old-space-size=256'
const KEYS = 300
const STARTS = 5
const IDLE_MS = 20_000
const TICKS_PER_SECOND = 100
const MIB = 1_048_576

const root = path.resolve(import.meta.dirname, '../..')

/** Answers as a daemon with that many tables gives, two deadlines each. */
function answers(fields: readonly string[]): Readonly<Record<string, () => string>> {
  const names = Array.from({ length: TABLES }, (_, i) => `gold/domain_${i % 40}/table_${i}`)
  const tables = names.map((table, i) => {
    const fact = { ...aTable({ id: `s3://lake/${table}`, table, files: i }), observedAt: NOW, problem: null }
    const { fileSizes, partitions, deletes, ...rest } = fact
    const whole = Object.entries(rest).filter(([name]) => fields.includes(name))
    return {
      ...Object.fromEntries(whole),
      fileSizes: { small: fileSizes?.small },
      partitions: { count: partitions?.count },
      deletes: { rows: deletes?.rows },
    }
  })
  const result = names.flatMap((table, i) =>
    ['warn', 'error'].map((severity, j) => ({
      metric: { source: 'lake', table, severity },
      value: [0, String(Date.now() / 1_000 + 3_600 + i * 60 + j * 600)] as [number, string],
    })),
  )
  return {
    '/api/tidemark/tables': () => JSON.stringify({ tables }),
    '/api/v1/query': () => {
      // Each answer carries the time of its question.
      const at = Date.now() / 1_000
      for (const one of result) one.value[0] = at
      return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
    },
    '/api/v2/alerts': () => '[]',
  }
}

async function daemon(tagged: boolean): Promise<{ url: string; close: () => Promise<void> }> {
  let known: ReturnType<typeof answers> | undefined
  const server = Fastify({ forceCloseConnections: true })
  if (tagged) entityTags(server)
  server.get('/*', async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    known ??= answers((searchParams.get('fields') ?? '').split(','))
    return reply.type('application/json').send(known[pathname]?.() ?? '{}')
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const fields =
    'id,source,table,format,version,vanished,lastChange,eventTime,rows,files,bytes,fileSizes,partitions,deletes,observedAt,problem'
  await (await fetch(`${url}/api/tidemark/tables?fields=${fields}`)).text()
  return { url, close: () => server.close() }
}

class Terminal {
  readonly #child
  readonly #waiting = new Set<() => void>()
  readonly startedAt = performance.now()
  written = ''

  constructor(url: string) {
    const command = `stty cols 120 rows 40; exec ${process.execPath} ${FLAGS} src/main.ts top tables --url ${url}`
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.written += chunk.toString()
      for (const wake of this.#waiting) wake()
    })
  }

  /** Milliseconds from `since` until the text is there. */
  async shows(text: string, since: number): Promise<number> {
    while (!this.written.includes(text)) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          resolve()
        }
        this.#waiting.add(wake)
      })
    }
    return performance.now() - since
  }

  press(key: string): number {
    this.written = ''
    this.#child.stdin.write(key)
    return performance.now()
  }

  /** CPU seconds used so far, and resident bytes, of the UI itself. */
  usage(): { cpu: number; rss: number } {
    const script = this.#child.pid!
    const [pid] = fs.readFileSync(`/proc/${script}/task/${script}/children`, 'utf8').trim().split(' ')
    const [, rest = ''] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
    const fields = rest.split(' ')
    const rss = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))![1]
    return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, rss: Number(rss) * 1_024 }
  }

  async end(): Promise<void> {
    this.press('\u0003')
    await new Promise((resolve) => this.#child.once('exit', resolve))
  }
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!
const print = (figures: object): void =>
  console.log(JSON.stringify({ bench: 'tui', tables: TABLES, ...figures }))
const round = (value: number): number => Number(value.toPrecision(3))

export async function run(): Promise<void> {
  const { url, close } = await daemon(true)
  const firsts: Array<{ drawn: number; rows: number; cpu: number }> = []
  for (let i = 0; i < STARTS; i++) {
    const terminal = new Terminal(url)
    const drawn = await terminal.shows('Tidemark', terminal.startedAt)
    const rows = await terminal.shows('table_0', terminal.startedAt)
    firsts.push({ drawn, rows, cpu: terminal.usage().cpu })
    await terminal.end()
  }
  const best = (name: 'drawn' | 'rows' | 'cpu') =>
    round(
      quantile(
        firsts.map((one) => one[name]),
        0.5,
      ),
    )
  print({
    case: 'first frame',
    msToFrame: best('drawn'),
    msToRows: best('rows'),
    cpuSeconds: best('cpu'),
    starts: STARTS,
  })

  const terminal = new Terminal(url)
  await terminal.shows('table_0', terminal.startedAt)
  await delay(2_000)
  const waits: number[] = []
  for (let i = 0; i < KEYS; i++) {
    // The row under the cursor is drawn inverse: a tick of the clock redraws the header only.
    waits.push(await terminal.shows('\u001b[7m', terminal.press('j')))
    await delay(20)
  }
  print({
    case: 'key to frame',
    ms: { p50: round(quantile(waits, 0.5)), p99: round(quantile(waits, 0.99)) },
    keys: KEYS,
  })
  await idle(terminal, 'idle')
  await close()

  const untagged = await daemon(false)
  const other = new Terminal(untagged.url)
  await other.shows('table_0', other.startedAt)
  await idle(other, 'idle, a daemon without entity tags')
  await untagged.close()
}

async function idle(terminal: Terminal, name: string): Promise<void> {
  await delay(2_000)
  const before = terminal.usage()
  await delay(IDLE_MS)
  const after = terminal.usage()
  print({
    case: name,
    cpuOfOneCorePercent: round(((after.cpu - before.cpu) / (IDLE_MS / 1_000)) * 100),
    rssMib: round(after.rss / MIB),
    seconds: IDLE_MS / 1_000,
  })
  await terminal.end()
}

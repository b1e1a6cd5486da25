// `tidemark top` in a real terminal, tmux, on a real daemon: every screen by its keys, and the screen given back whatever ends it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { HOUR, timestamp } from '../../src/model/units.ts'
import { SCREENS } from '../../src/tui/tui.ts'
import { commit } from '../collectors/lake/small-lake.ts'
import { normalised } from './normalised.ts'
import { freePort } from './servers.ts'

const root = path.resolve(import.meta.dirname, '../..')
// Paths are in the captures: as long on every machine.
const folder = fs.mkdtempSync('/tmp/tidemark-top-')
const ORDERS = `file:${fs.realpathSync(folder)}/lake/gold/orders`
const WITHIN = { timeout: 30_000 }

let daemon: ChildProcess
let url: string

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  for (const [i, table] of ['gold/orders', 'gold/revenue', 'silver/顧客'].entries())
    commit(path.join(folder, 'lake', table), 0, timestamp(Date.now() - (i + 1) * HOUR), 10)
  const config = path.join(folder, 'tidemark.yaml')
  fs.writeFileSync(path.join(folder, 'rules.yaml'), RULES)
  fs.writeFileSync(
    config,
    `state: state
log: info
resolution: 1s
api: { listen: "127.0.0.1:${port}" }
sources:
  - { name: lake, type: lake, path: lake, every: 5s }
  - { name: jobs, type: push, every: 1s }
  - { name: lineage, type: openlineage, every: 1s }
expect: [ { table: "gold/*", freshness: { warn: 90m, error: 9h } } ]
rules: [ rules.yaml ]
notify: { route: { receiver: log, group_wait: 0s }, receivers: [ { name: log, log_configs: [ {} ] } ] }
`,
  )
  daemon = spawn(process.execPath, ['src/main.ts', 'run', '-c', config], {
    cwd: root,
    stdio: ['ignore', 'ignore', fs.openSync(path.join(folder, 'daemon.log'), 'w')],
  })
  for (let tries = 0; tries < 300 && daemon.exitCode === null; tries++) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null)
    if (answer?.ok === true) return tell()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`no daemon at ${url}: ${fs.readFileSync(path.join(folder, 'daemon.log'), 'utf8')}`)
})
afterAll(async () => {
  daemon.kill('SIGTERM')
  if (daemon.exitCode === null) await new Promise((resolve) => daemon.once('exit', resolve))
  fs.rmSync(folder, { recursive: true, force: true })
})

const RULES = `
groups:
  - name: own
    # On a busy machine an evaluation each second may be missed, and the log says so.
    interval: 5s
    rules:
      - alert: Always
        expr: "vector(1)"
        labels: { severity: error, source: lake, table: gold/orders }
        annotations: { summary: gold/orders needs a look }
`

/** A run, its lineage, a check and a silence; returns when an alert has been told. */
async function tell(): Promise<void> {
  const at = (ms: number) => new Date(Date.now() - ms).toISOString()
  const post = async (route: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect(answer.ok, await answer.text()).toBe(true)
  }
  const run = { pipeline: 'daily', run_id: 'r1', start: at(90 * 60_000), end: at(60 * 60_000) }
  await post('/api/v1/runs', { ...run, status: 'success', outputs: [ORDERS] })
  const facet = { _producer: 'https://example.com', _schemaURL: 'https://example.com' }
  const assertions = [{ assertion: 'not_null', success: false, column: 'id' }]
  await post('/api/v1/lineage', {
    eventType: 'COMPLETE',
    eventTime: at(60_000),
    producer: 'https://example.com',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json',
    run: { runId: '0192f8a0-2222-7000-8000-000000000001' },
    job: { namespace: 'flows', name: 'checks' },
    inputs: [
      {
        namespace: 'file',
        name: ORDERS.slice('file:'.length),
        inputFacets: { dataQualityAssertions: { ...facet, assertions } },
      },
    ],
    outputs: [],
  })
  await post('/api/v2/silences', {
    matchers: [{ name: 'alertname', value: 'Other', isRegex: false, isEqual: true }],
    startsAt: at(0),
    endsAt: at(-2 * HOUR),
    createdBy: 'anna',
    comment: 'a test',
  })
  await vi.waitFor(async () => {
    const told = await (await fetch(`${url}/api/tidemark/explain/Always`)).text()
    if (!told.includes('"result":"delivered"')) throw new Error(`nobody was told: ${told}`)
    const sources = await (await fetch(`${url}/api/tidemark/sources`)).text()
    if (sources.includes('"lastSuccess":null'))
      throw new Error(`a source has not said what it was told: ${sources}`)
  }, WITHIN)
}

let terminals = 0
let socket: string
const tmux = (...args: string[]): string =>
  execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' })
const press = (...keys: string[]) => tmux('send-keys', ...keys)
const screen = (): string => tmux('capture-pane', '-p')
/** The second screen is on, and the cursor is seen: as `1 0` while it runs, `0 1` after. */
const modes = (): string => tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim()

beforeEach(() => {
  // A server of its own each: one that ends still holds its socket for a moment.
  socket = path.join(folder, `tmux${(terminals += 1)}`)
  tmux('new-session', '-d', '-x', '120', '-y', '40', 'PS1="$ " sh')
})
afterEach(() => {
  tmux('kill-server')
})

/** What the shells in a pane run. */
function innermost(pid: string): number {
  const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return child ? innermost(child) : Number(pid)
}

async function start(program = `src/main.ts top --url ${url}`): Promise<void> {
  press(`cd ${root}; ${process.execPath} ${program}; echo "ended with $?"`, 'Enter')
  await expect.poll(screen, WITHIN).toMatch(/Tidemark[\s\S]*overview[\s\S]*gold\/revenue/)
  expect(modes()).toBe('1 0')
}

/** Answers the modes that the terminal is left in. */
async function isBack(code: number): Promise<string> {
  await expect.poll(screen, WITHIN).toMatch(new RegExp(`ended with ${code}`))
  const left = modes()
  // What was there before is there again, and the shell echoes what is typed.
  expect(screen()).toMatch(/cd \//)
  press('echo typed', 'Enter')
  await expect.poll(screen, WITHIN).toMatch(/^typed$/m)
  return left
}

/** What the screens that are about one thing are about. */
const SUBJECTS: Readonly<Record<string, () => Promise<string> | string>> = {
  table: () => ORDERS,
  changes: () => ORDERS,
  upstream: () => ORDERS,
  downstream: () => ORDERS,
  pipeline: () => 'jobs/daily',
  run: () => 'jobs/daily/r1',
  source: () => 'lake',
  rule: () => `${path.join(folder, 'rules.yaml')};own;0`,
  advised: () => 'none',
  explain: async () => {
    const [alert] = (await (await fetch(`${url}/api/v2/alerts`)).json()) as [{ fingerprint: string }]
    return alert.fingerprint
  },
}
const COUNTING = new Set(['sources', 'source'])

describe('each screen as a whole', () => {
  test.for(SCREENS.map(({ name }) => name))('%s', async (name) => {
    const subject = (await SUBJECTS[name]?.()) ?? ''
    const place = subject === '' ? name : `${name} '${subject}'`
    press(`cd ${root}; clear; ${process.execPath} src/main.ts top ${place} --url ${url}`, 'Enter')
    const capture = () => normalised(screen(), COUNTING.has(name))
    // Answered, and the same twice: nothing is on its way any more.
    let last = ''
    await expect
      .poll(
        () => [
          last === (last = capture()),
          /^ Tidemark .*FRESH$/m.test(last) && !last.includes('Asking the daemon'),
        ],
        {
          ...WITHIN,
          interval: 500,
        },
      )
      .toEqual([true, true])

    await expect(last).toMatchFileSnapshot(`captures/${name}.txt`)
  })
})

describe('by keys', () => {
  test('from what is late into the table and what changed, and back', async () => {
    await start()
    press('2', '/')
    press('-l', '顧客')
    await expect.poll(screen, WITHIN).toMatch(/Tables +1 of 3 +\/顧客/)
    press('Enter', 'Enter')
    await expect.poll(screen, WITHIN).toMatch(/silver\/顧客.*delta[\s\S]*Freshness/)
    press('w')
    await expect.poll(screen, WITHIN).toMatch(/What changed in silver\/顧客/)
    press('q', 'q', 'Escape')
    await expect.poll(screen, WITHIN).toMatch(/Tables +3\n/)
  })

  test('a smaller window is drawn anew, a tiny one says so', async () => {
    await start()
    tmux('resize-window', '-x', '60', '-y', '12')
    await expect.poll(screen, WITHIN).toMatch(/^ Needs somebody/)
    tmux('resize-window', '-x', '30', '-y', '6')
    await expect.poll(screen, WITHIN).toMatch(/30×6 is too small/)
    tmux('resize-window', '-x', '120', '-y', '40')
    await expect.poll(screen, WITHIN).toMatch(/Tidemark[\s\S]*1 overview/)
  })
})

describe('y copies', () => {
  test('into the buffer of a tmux that allows it', async () => {
    tmux('set-option', '-s', 'set-clipboard', 'on')
    await start()
    press('2')
    await expect.poll(screen, WITHIN).toMatch(/STATE +TABLE/)
    press('y')
    await expect.poll(screen, WITHIN).toMatch(/● copied file:.*lake\/gold\/revenue/)
    expect(tmux('show-buffer')).toBe(`file:${fs.realpathSync(folder)}/lake/gold/revenue`)
  })

  test('nothing where it is not allowed: the text is printed at the end', async () => {
    await start()
    press('2')
    await expect.poll(screen, WITHIN).toMatch(/STATE +TABLE/)
    press('y')
    await expect
      .poll(screen, WITHIN)
      .toMatch(/▲ file:.*gold\/revenue {2}\(printed at the end, not copied: tmux/)
    expect(() => tmux('show-buffer')).toThrow(/no buffers/)
    press('q')
    expect(await isBack(0)).toBe('0 1')
    expect(screen().replaceAll('\n', '')).toContain(`file:${fs.realpathSync(folder)}/lake/gold/revenue`)
  })
})

describe('the screen is given back', () => {
  test('after q', async () => {
    await start()
    press('q')
    expect(await isBack(0)).toBe('0 1')
  })

  test('after ctrl-c', async () => {
    await start()
    press('C-c')
    expect(await isBack(0)).toBe('0 1')
  })

  test('after SIGTERM', async () => {
    await start()
    process.kill(innermost(tmux('display-message', '-p', '#{pane_pid}').trim()), 'SIGTERM')
    expect(await isBack(0)).toBe('0 1')
  })

  test('after a thrown error, which is then told', async () => {
    press(`cd ${root}; ${process.execPath} test/live/top-crash.ts ${url}; echo "ended with $?"`, 'Enter')
    await expect.poll(modes, WITHIN).toBe('1 0')
    expect(await isBack(1)).toBe('0 1')
    expect(screen()).toContain('a fault on purpose')
  })
})

// `tidemark top` in a real terminal, tmux, on a real daemon: every screen by its keys, and the screen given back whatever ends it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, timestamp } from '../../src/model/units.ts'
import { TABS } from '../../src/tui/tui.ts'
import { commit } from '../collectors/lake/small-lake.ts'
import { freePort } from './servers.ts'

const root = path.resolve(import.meta.dirname, '../..')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-top-'))
const WITHIN = { timeout: 30_000 }

let daemon: ChildProcess
let url: string

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  for (const [i, table] of ['gold/orders', 'gold/revenue', 'silver/顧客'].entries())
    commit(path.join(folder, 'lake', table), 0, timestamp(Date.now() - (i + 1) * HOUR), 10)
  const config = path.join(folder, 'tidemark.yaml')
  fs.writeFileSync(
    config,
    `state: state
log: warn
resolution: 1s
api: { listen: "127.0.0.1:${port}" }
sources: [ { name: lake, type: lake, path: lake, every: 5s } ]
expect: [ { table: "gold/*", freshness: { warn: 90m, error: 3h } } ]
rules: [ ${JSON.stringify(path.join(root, 'rules/tables.yaml'))} ]
`,
  )
  daemon = spawn(process.execPath, ['src/main.ts', 'run', '-c', config], { cwd: root, stdio: 'ignore' })
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null)
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`no daemon at ${url}`)
})
afterAll(async () => {
  daemon.kill('SIGTERM')
  await new Promise((resolve) => daemon.once('exit', resolve))
  fs.rmSync(folder, { recursive: true, force: true })
})

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

describe('screens', () => {
  test('each is reached by its key and draws its title', async () => {
    await start()
    const titles: string[] = []
    for (const tab of TABS) {
      press(`:${tab.name}`, 'Enter')
      await expect.poll(() => screen().split('\n')[2], WITHIN).toContain(tab.title(''))
      titles.push(
        screen()
          .split('\n')[2]!
          .trim()
          .replaceAll(/\s+\d+$/g, ''),
      )
    }

    expect(titles).toEqual(TABS.map((tab) => tab.title('')))
  })

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

// Processes that a check starts and ends: by their own group, so that nothing of them stays and nothing else is hit.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const GRACE = 20_000

export const scratch = (name: string): string => fs.mkdtempSync(path.join(os.tmpdir(), `tidemark-${name}-`))

type Environment = Readonly<Record<string, string>>

/** Runs to its end; its output is shown when it must succeed and does not. */
export function command(file: string, args: readonly string[], env: Environment, mustSucceed = true): void {
  const { status, stdout, stderr } = spawnSync(file, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  if (mustSucceed && status !== 0)
    throw new Error(`${file} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
}

export function server(
  file: string,
  args: readonly string[],
  env: Environment,
  log: string,
): AsyncDisposable {
  const out = fs.openSync(log, 'a')
  const child: ChildProcess = spawn(file, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', out, out],
  })
  return {
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => void child.once('exit', done))
      child.kill('SIGTERM')
      // What it started itself it also ends itself, and takes its time for it.
      await Promise.race([ended, delay(GRACE)])
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // Nothing is left of the group.
      }
    },
  }
}

/** Asks until it answers yes; says what it waited for when it does not. */
export async function until(what: string, seconds: number, ask: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < seconds; i += 1) {
    if (await ask().catch(() => false)) return
    await delay(1_000)
  }
  throw new Error(`${what}: not within ${seconds} s`)
}

// Starts real servers and helper programs on free loopback ports, waits until they answer, and ends them by their id.
import { type ChildProcess, spawn } from 'node:child_process'
import net from 'node:net'
import path from 'node:path'
import readline from 'node:readline'

const READY_WITHIN = 60_000
const POLL_EVERY = 100
const END_WITHIN = 5_000
const OUTPUT_KEPT = 4_000

export interface Server extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
}

/** A program of the live tests' Python environment, which test/live/run.sh installs. */
export function pythonProgram(name: string): string {
  const venv = process.env['TIDEMARK_LIVE_VENV']
  if (venv === undefined)
    throw new Error('TIDEMARK_LIVE_VENV is not set; start the live tests with npm run test:live')
  return path.join(venv, 'bin', name)
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}

export async function startServer(
  command: string,
  args: (port: number) => readonly string[],
  ready: (url: string) => Promise<boolean>,
): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(command, args(port), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => (output = (output + String(piece)).slice(-OUTPUT_KEPT)))
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code) => (failure ??= `it ended with code ${code}`))

  const deadline = performance.now() + READY_WITHIN
  while (!(await ready(url).catch(() => false))) {
    if (performance.now() > deadline) failure ??= `it did not answer within ${READY_WITHIN / 1_000} s`
    if (failure !== undefined) {
      await end(child)
      throw new Error(`${command} did not start: ${failure}\n${output}`)
    }
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_EVERY)
    })
  }
  return { port, url, [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN)
  await ended
  clearTimeout(late)
}

/** A program that answers each line of JSON with one line of JSON. */
export interface Worker extends AsyncDisposable {
  ask(question: object): Promise<unknown>
}

export function startWorker(command: string, args: readonly string[]): Worker {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const answer = await answers.next()
      if (answer.done === true)
        throw new Error(`${command} ended at ${JSON.stringify(question)}; its error is above`)
      return JSON.parse(answer.value) as unknown
    },
    [Symbol.asyncDispose]: () => end(child),
  }
}

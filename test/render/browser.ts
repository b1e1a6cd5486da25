// Headless Chromium by its DevTools protocol, as much of it as a picture of a page needs.
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { setTimeout } from 'node:timers/promises'

const SETTLES_MS = 1_000

export interface Page extends AsyncDisposable {
  evaluate(expression: string): Promise<unknown>
  /** The whole page as PNG. */
  screenshot(): Promise<Buffer>
  /** Errors that the page has told. */
  readonly messages: readonly string[]
}

export interface Browser extends AsyncDisposable {
  open(url: string, width: number): Promise<Page>
}

type Params = Readonly<Record<string, unknown>>
interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Params
  readonly result?: Params
  readonly error?: { readonly message: string }
}

export async function openBrowser(): Promise<Browser> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'chromium-'))
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    '--disable-dev-shm-usage',
    '--disable-renderer-backgrounding',
    '--disable-backgrounding-occluded-windows',
  ]
  const child = spawn(
    'chromium',
    [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const port = await portOf(child)
  return {
    async open(url, width) {
      const created = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: 'PUT' })
      const { id, webSocketDebuggerUrl } = (await created.json()) as {
        id: string
        webSocketDebuggerUrl: string
      }
      const page = await openPage(webSocketDebuggerUrl, url, width)
      return {
        ...page,
        async [Symbol.asyncDispose]() {
          await fetch(`http://127.0.0.1:${port}/json/close/${id}`)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => {
        child.once('exit', resolve)
      })
      child.kill('SIGTERM')
      await ended
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function portOf(child: ChildProcess): Promise<string> {
  const said: string[] = []
  for await (const line of readline.createInterface({ input: child.stderr! })) {
    const port = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1]
    if (port !== undefined) return port
    said.push(line)
  }
  throw new Error(`chromium did not start:\n${said.join('\n')}`)
}

async function openPage(
  socketUrl: string,
  url: string,
  width: number,
): Promise<Omit<Page, keyof AsyncDisposable>> {
  const socket = new WebSocket(socketUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  const messages: string[] = []
  const waiting = new Map<number, (message: Message) => void>()
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    else messages.push(...complaintsOf(message))
  })
  let last = 0
  const send = async (method: string, params: Params = {}): Promise<Params> => {
    const id = (last += 1)
    const { result = {}, error } = await new Promise<Message>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
    waiting.delete(id)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
  const resize = (height: number, width: number) =>
    send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await send('Runtime.evaluate', { expression, returnByValue: true })
    return (result as { value?: unknown }).value
  }
  await send('Runtime.enable')
  // Charts of a page behind another one do not learn their size.
  await send('Page.bringToFront')
  // All of it is in view from the start: what is not in view is not drawn.
  await resize(3_000, width)
  await send('Page.navigate', { url })
  return {
    messages,
    evaluate,
    async screenshot() {
      const height = Number(
        await evaluate('Math.ceil(document.querySelector("main").getBoundingClientRect().height)'),
      )
      // Charts that were made before the page was laid out learn their size when it changes.
      for (const nudged of [width - 80, width]) {
        await resize(height, nudged)
        await setTimeout(SETTLES_MS)
      }
      const clip = { x: 0, y: 0, width, height, scale: 1 }
      const { data } = await send('Page.captureScreenshot', {
        format: 'png',
        clip,
        captureBeyondViewport: true,
      })
      return Buffer.from(String(data), 'base64')
    },
  }
}

function complaintsOf({ method, params }: Message): string[] {
  if (method === 'Runtime.exceptionThrown')
    return [JSON.stringify(params?.['exceptionDetails']).slice(0, 500)]
  if (method !== 'Runtime.consoleAPICalled' || params?.['type'] !== 'error') return []
  return [JSON.stringify(params['args']).slice(0, 500)]
}

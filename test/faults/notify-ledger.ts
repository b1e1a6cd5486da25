// What the outside knows: what was acknowledged, and what a receiver heard.
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Hearing {
  readonly id: string
  readonly name: string
  readonly status: string
}

export type Mode = 'well' | 'refuse' | 'hang' | '500' | '429' | 'cut'

export interface Listener extends AsyncDisposable {
  readonly url: string
  readonly heard: Hearing[]
  mode: Mode
}

export async function startListener(): Promise<Listener> {
  const heard: Hearing[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      if (listener.mode === 'refuse') request.socket.destroy()
      else if (listener.mode === 'hang') return
      else if (listener.mode === '500') response.writeHead(500).end('no')
      else if (listener.mode === '429') response.writeHead(429, { 'retry-after': '20' }).end()
      else if (listener.mode === 'cut') {
        response.writeHead(200, { 'content-length': '1000' }).write('half')
        setImmediate(() => request.socket.destroy())
      } else {
        const { alerts } = JSON.parse(body) as { alerts: { status: string; labels: { alertname: string } }[] }
        for (const { status, labels } of alerts)
          heard.push({ id: String(request.headers['webhook-id']), name: labels.alertname, status })
        response.end('ok')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener: Listener = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    mode: 'well',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return listener
}

export interface Judgement {
  readonly heard: number
  /** The same id again: a receiver that knows ids drops it. */
  readonly duplicates: number
  /** Acknowledged and never heard. */
  readonly lost: string[]
  /** Heard in a wrong order, or twice under different ids. */
  readonly wrong: string[]
}

/** Each name should have been heard as these statuses, in this order, once. */
export function judge(
  heard: readonly Hearing[],
  expected: ReadonlyMap<string, readonly string[]>,
): Judgement {
  const seen = new Set<string>()
  const stories = new Map<string, string[]>()
  let duplicates = 0
  for (const { id, name, status } of heard) {
    const key = `${id} ${name}`
    if (seen.has(key)) {
      duplicates += 1
      continue
    }
    seen.add(key)
    stories.set(name, [...(stories.get(name) ?? []), status])
  }
  const lost: string[] = []
  const wrong: string[] = []
  for (const [name, statuses] of expected) {
    const story = stories.get(name) ?? []
    const missing = statuses.filter((status) => !story.includes(status))
    if (missing.length > 0) lost.push(`${name}: ${missing.join(', ')}`)
    else if (story.join() !== statuses.join())
      wrong.push(`${name}: ${story.join(', ')} instead of ${statuses.join(', ')}`)
  }
  return { heard: heard.length, duplicates, lost, wrong }
}

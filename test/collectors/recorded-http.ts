// What a real server answered, kept as a file and given again: an HttpClient without a network.
import fs from 'node:fs'
import type { HttpAnswer, HttpClient } from '../../src/io/http.ts'

export interface Exchange {
  /** `GET /api/v2/version` */
  readonly asked: string
  readonly status: number
  readonly type: string
  readonly date: string
  readonly body: unknown
}

const KEPT_OUT =
  /token|password|hostname|user_name|executor_config|rendered_fields|job_variables|traceparent|log_url/

/** No credentials, names of machines or of people. */
const redact = (key: string, value: unknown): unknown =>
  KEPT_OUT.test(key) && typeof value === 'string' ? 'redacted' : value

/** Wraps a client; `exchanges` fills as it is used. */
export function recording(http: HttpClient): { http: HttpClient; exchanges: Exchange[] } {
  const exchanges: Exchange[] = []
  return {
    exchanges,
    async http(request) {
      const answer = await http(request)
      const { pathname } = new URL(String(request.url))
      exchanges.push({
        asked: `${request.method} ${pathname}`,
        status: answer.status,
        type: answer.headers['content-type'] ?? '',
        date: answer.headers['date'] ?? '',
        body: answer.text === '' ? null : (JSON.parse(answer.text, redact) as unknown),
      })
      return answer
    },
  }
}

/** Answers of the same question in the order in which they were given; the last one again and again. */
export function replay(file: string): HttpClient {
  const exchanges = JSON.parse(fs.readFileSync(file, 'utf8')) as Exchange[]
  const waiting = Map.groupBy(exchanges, (one) => one.asked)
  return async (request) => {
    const asked = `${request.method} ${new URL(String(request.url)).pathname}`
    const queue = waiting.get(asked)
    const next = queue === undefined || queue.length > 1 ? queue?.shift() : queue[0]
    if (next === undefined) return answered(404, {}, { detail: 'not recorded' })
    return answered(next.status, { 'content-type': next.type, date: next.date }, next.body)
  }
}

export function answered(status: number, headers: Record<string, string>, body: unknown): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers, body: new TextEncoder().encode(text), text }
}

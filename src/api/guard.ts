// Who may ask, and how often: bearer token, users with bcrypt passwords, a bucket of requests for each address.
import { createHash, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcryptjs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Secret } from '../model/secret.ts'
import type { Millis } from '../model/units.ts'

export interface GuardParts {
  readonly token: Secret | undefined
  readonly users: Readonly<Record<string, Secret>>
  readonly rate: { readonly interval: Millis; readonly burst: number }
  readonly monotonic: () => Millis
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks for tokens of its own, or tells nothing that anybody may not know. */
    open?: boolean
  }
}

/** Addresses whose buckets are remembered; the one that has been quiet longest is forgotten first. */
const MAX_ADDRESSES = 10_000
/** Passwords found right, so that not every scrape costs a bcrypt. */
const MAX_REMEMBERED = 1_000
const MAX_HEADER = 4_096
/** Passwords looked at or waiting to be: each takes tens of milliseconds. */
const MAX_CHECKING = 16
/** Of nothing: an unknown user takes as long as a known one. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ4iRk0lV2bQ1Q3kLrJ0y2Yb8dT7nB6K'

export function guard(app: FastifyInstance, parts: GuardParts): void {
  const take = buckets(parts)
  const isUser = userCheck(parts.users)
  const isAsked = parts.token !== undefined || Object.keys(parts.users).length > 0
  app.addHook('onRequest', async (request, reply) => {
    const wait = take(request.ip)
    if (wait > 0) {
      const { burst } = parts.rate
      return reply
        .code(429)
        .header('retry-after', String(Math.ceil(wait / 1000)))
        .send({
          status: 'error',
          error: `more than ${burst} requests of ${request.ip} at once; come again later`,
        })
    }
    if (!isAsked || request.routeOptions.config.open === true) return
    const header = request.headers.authorization ?? ''
    if (header.length > MAX_HEADER || !(isToken(header, parts.token) || (await isUser(header))))
      return refuse(reply, parts)
  })
}

function refuse(reply: FastifyReply, { token, users }: GuardParts): FastifyReply {
  const ways = [
    ...(token === undefined ? [] : ['Bearer realm="tidemark"']),
    ...(Object.keys(users).length === 0 ? [] : ['Basic realm="tidemark", charset="UTF-8"']),
  ]
  return reply
    .code(401)
    .header('www-authenticate', ways.join(', '))
    .send({ status: 'error', error: 'expected the header Authorization with the token or a user of `api:`' })
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function isToken(header: string, token: Secret | undefined): boolean {
  const [, given] = /^Bearer +(\S+) *$/i.exec(header) ?? []
  return token !== undefined && given !== undefined && timingSafeEqual(digest(given), digest(token.reveal()))
}

function userCheck(users: GuardParts['users']): (header: string) => Promise<boolean> {
  const remembered = new Set<string>()
  let checking = 0
  return async (header) => {
    const [, encoded] = /^Basic +(\S+) *$/i.exec(header) ?? []
    if (encoded === undefined) return false
    const text = Buffer.from(encoded, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (colon < 0) return false
    const name = text.slice(0, colon)
    const known = Object.hasOwn(users, name) ? users[name]!.reveal() : undefined
    const key = digest(`${known ?? ''}\n${text}`).toString('base64')
    if (remembered.has(key)) return true
    if (checking >= MAX_CHECKING) return false
    checking += 1
    try {
      const isRight = await bcrypt.compare(text.slice(colon + 1), known ?? NOBODY)
      if (!isRight || known === undefined) return false
    } finally {
      checking -= 1
    }
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.add(key)
    return true
  }
}

/** Milliseconds until the address may ask again, 0 where it may now. */
function buckets({ rate, monotonic }: GuardParts): (address: string) => number {
  const byAddress = new Map<string, { tokens: number; at: number }>()
  return (address) => {
    const now = monotonic()
    const bucket = byAddress.get(address) ?? { tokens: rate.burst, at: now }
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (now - bucket.at) / rate.interval)
    bucket.at = now
    byAddress.delete(address)
    byAddress.set(address, bucket)
    if (byAddress.size > MAX_ADDRESSES) byAddress.delete(byAddress.keys().next().value!)
    if (bucket.tokens < 1) return (1 - bucket.tokens) * rate.interval
    bucket.tokens -= 1
    return 0
  }
}

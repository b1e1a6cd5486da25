// Entity tags: who asks again and again is told that nothing changed instead of all of it once more.
import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'

/** What is the same until something changes. Prometheus's answers carry the time of the question: no two are the same. */
const TAGGED = /^\/api\/(tidemark|v2)\//

/**
 * Before compression is registered. Tags are weak (RFC 9110 section 8.8.1): gzipped and plain are the same answer in
 * other bytes. They are made of what would be sent, so the work of making it is done all the same; what is spared is
 * the way and the reading.
 */
export function entityTags(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') return payload
    if (!TAGGED.test(request.url)) return payload
    const tag = hash('sha1', payload, 'base64url')
    // Kept by who asked, and asked about each time.
    void reply.header('etag', `W/"${tag}"`).header('cache-control', 'private, no-cache')
    if (!isNamed(tag, request.headers['if-none-match'])) return payload
    void reply.code(304).removeHeader('content-length')
    return null
  })
}

/** The weak comparison (RFC 9110 section 13.1.2): `W/` counts for nothing. */
function isNamed(tag: string, header: string | undefined): boolean {
  const named = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return named.includes('*') || named.includes(`"${tag}"`)
}

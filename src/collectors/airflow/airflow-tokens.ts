// Airflow's credentials: tokens of 3.x, fetched, renewed before they expire; Basic for 2.x.
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import { type Headers, createJsonApi, isAbsent } from '../../io/json-api.ts'
import { SourceError, reasonOf } from '../../model/errors.ts'
import type { Secret } from '../../model/secret.ts'
import { MINUTE, millis } from '../../model/units.ts'
import { type Login, basicAuth } from '../login.ts'

/** A token is renewed this long before it expires. */
const EARLY = millis(5 * MINUTE)

export type Auth = Login | { readonly token: Secret } | undefined

const TokenAnswer = z.object({ access_token: z.string().min(1) })

export function createTokens({
  url,
  auth,
  io,
}: {
  readonly url: string
  readonly auth: Auth
  readonly io: Io
}) {
  let token: { text: string; expires: number } | undefined
  const api = createJsonApi({ ...io, url, authorize: async () => ({}) })

  async function fetchToken(signal: AbortSignal): Promise<void> {
    const { value } =
      auth !== undefined && 'username' in auth
        ? await api.post('/auth/token', { username: auth.username, password: auth.password.reveal() }, signal)
        : await api.get('/auth/token', {}, signal)
    const parsed = TokenAnswer.safeParse(value)
    if (!parsed.success) {
      throw new SourceError(
        'unsupported',
        `${url}/auth/token: expected an access_token; give a token instead`,
        { subject: url },
      )
    }
    token = { text: parsed.data.access_token, expires: expiryOf(parsed.data.access_token) }
  }

  return {
    async headers(major: number, renew: boolean, signal: AbortSignal): Promise<Headers> {
      if (auth !== undefined && 'token' in auth) return { authorization: `Bearer ${auth.token.reveal()}` }
      if (major === 2) return auth === undefined ? {} : basicAuth(auth)
      if (renew || (token !== undefined && io.clock.now() > token.expires - EARLY)) token = undefined
      if (token === undefined) await fetchTokenOrNone(signal)
      return token === undefined ? {} : { authorization: `Bearer ${token.text}` }
    },
  }

  /** A server without tokens is an older one: that is found out by asking it without. */
  async function fetchTokenOrNone(signal: AbortSignal): Promise<void> {
    try {
      await fetchToken(signal)
    } catch (error) {
      if (reasonOf(error) !== 'missing' && !(auth === undefined && isAbsent(error))) throw error
    }
  }
}

/** The `exp` of a JWT in milliseconds; a token that does not say lasts until it is refused. */
function expiryOf(token: string): number {
  try {
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      exp?: unknown
    }
    return typeof payload.exp === 'number' ? payload.exp * 1_000 : Infinity
  } catch {
    return Infinity
  }
}
